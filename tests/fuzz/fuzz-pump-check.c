/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "core/proto/duplex-limits.h"
#include "fuzz-pump-run.h"

/* What the relay may have to say beside what the ends do: greeting, Ping and Close. */
#define OWN_BYTES ((gsize)3 * (DUPLEX_FRAME_HEADER_MAX + DUPLEX_LIMIT_CONTROL_PAYLOAD))

static DuplexPumpSide *
get_side (Run       *run,
          DuplexRole role)
{
  return role == CLIENT ? &run->f.pump->client : &run->f.pump->backend;
}

/* ---- what was said, and what came ---- */

static guint16
get_token (const GArray *tokens,
           guint         at)
{
  return g_array_index (tokens, guint16, at);
}

static gboolean
is_control (const GArray *tokens,
            guint         at)
{
  return at < tokens->len && (get_token (tokens, at) & 0xf00) == FUZZ_TOKEN_CONTROL;
}

/* Of a control frame, as far as it is there. */
static guint
measure_control (const GArray *tokens,
                 guint         at)
{
  guint len = 1;

  while (at + len < tokens->len && get_token (tokens, at + len) != FUZZ_TOKEN_END)
    len++;
  return MIN (len + 1, tokens->len - at);
}

/* A Ping of the relay's own, or what may be an answer to one: 8 bytes. */
static gboolean
may_be_own (Run          *run,
            const GArray *tokens,
            guint         at,
            DuplexOpcode  opcode)
{
  return (run->flags & FLAG_PINGS) != 0 && is_control (tokens, at) &&
         get_token (tokens, at) == (FUZZ_TOKEN_CONTROL | opcode) &&
         measure_control (tokens, at) == 10;
}

static gboolean
is_same (const GArray *one,
         guint         i,
         const GArray *two,
         guint         j,
         guint         len)
{
  return i + len <= one->len && j + len <= two->len &&
         memcmp (&g_array_index (one, guint16, i), &g_array_index (two, guint16, j),
                 len * sizeof (guint16)) == 0;
}

/* What came is what was said, up to some point, which is returned; but for our own Pings, and the
 * answers to them. */
static guint
follow (Run          *run,
        const GArray *came,
        const GArray *said)
{
  guint j = 0;

  for (guint i = 0; i < came->len;)
    {
      guint len = is_control (came, i) ? measure_control (came, i) : 1;
      guint k = j;

      while (!is_same (came, i, said, k, len) && may_be_own (run, said, k, DUPLEX_OPCODE_PONG))
        k += 10;
      if (is_same (came, i, said, k, len))
        j = k + len;
      else
        /* The last one may have left in part. */
        g_assert_true (may_be_own (run, came, i, DUPLEX_OPCODE_PING) ||
                       ((run->flags & FLAG_PINGS) != 0 && is_control (came, i) &&
                        i + len == came->len));
      i += len;
    }
  while (may_be_own (run, said, j, DUPLEX_OPCODE_PONG))
    j += 10;
  return j;
}

/* Takes the Close off, behind which there is nothing, and returns its code: 0 where it is not
 * whole. */
static guint16
take_close (GArray  *tokens,
            gboolean whole)
{
  for (guint i = 0; i < tokens->len; i++)
    {
      guint   len;
      guint16 code = 1005;

      if (get_token (tokens, i) != (FUZZ_TOKEN_CONTROL | DUPLEX_OPCODE_CLOSE))
        continue;
      len = measure_control (tokens, i);
      g_assert_cmpuint (i + len, ==, tokens->len);
      if (len >= 4)
        code = (guint16)(get_token (tokens, i + 1) << 8 | get_token (tokens, i + 2));
      g_array_set_size (tokens, i);
      return whole ? code : 0;
    }
  return 0;
}

/* What an end has said of which the pump has read n bytes. */
static GArray *
list_said (Run               *run,
           DuplexRole         sender,
           const FuzzAccount *account,
           guint             *ret_safe)
{
  GArray *said = g_array_new (FALSE, FALSE, sizeof (guint16));
  guint16 token = FUZZ_TOKEN_MESSAGE | DUPLEX_OPCODE_TEXT;

  if (sender == SERVER && (run->flags & FLAG_GREET) != 0)
    {
      g_array_append_val (said, token);
      for (gsize i = 0; i < strlen (GREETING); i++)
        {
          token = (guint8)GREETING[i];
          g_array_append_val (said, token);
        }
      token = FUZZ_TOKEN_END;
      g_array_append_val (said, token);
    }
  *ret_safe = said->len + account->safe;
  if (account->tokens->len > 0)
    g_array_append_vals (said, account->tokens->data, account->tokens->len);
  return said;
}

/* ---- checks ---- */

void
fuzz_pump_check_waiting (Run *run)
{
  for (DuplexRole role = CLIENT; role <= SERVER; role++)
    {
      DuplexPumpSide *side = get_side (run, role);

      g_assert_cmpuint (duplex_byte_queue_get_size (&side->out), <=,
                        DUPLEX_LIMIT_PUMP_BUFFER + DUPLEX_LIMIT_PUMP_HOLD + OWN_BYTES);
      g_assert_cmpuint (side->held_len, <, DUPLEX_LIMIT_PUMP_HOLD);
      g_assert_cmpint (side->held != NULL, ==, side->held_len > 0);
      if (side->leg == NULL)
        g_assert_cmpuint (side->out.capacity, ==, 0);
    }
}

/* What was counted of an end, and told of it. */
static void
check_counts (Run                 *run,
              DuplexRole           sender,
              const DuplexPumpEnd *end,
              const FuzzAccount   *account)
{
  End             *from = &run->ends[sender];
  const GBytes    *unread = get_side (run, sender)->unread;
  gsize            left = unread != NULL ? g_bytes_get_size ((GBytes *)unread) : 0;
  DuplexPumpStats *stats = &run->f.stats;

  g_assert_cmpuint (end->n_bytes, ==, from->said->len - from->input->len - left);
  g_assert_cmpuint (end->n_late, <=, end->n_bytes);
  g_assert_cmpuint (end->n_messages, ==, account->n_messages);
  g_assert_cmpuint (end->code_received, ==,
                    account->state == DUPLEX_FORWARD_CLOSED ? account->code : 0);
  g_assert_cmpuint (stats->n_bytes[sender], ==, end->n_bytes);
  g_assert_cmpuint (stats->n_late[sender], ==, end->n_late);
  g_assert_cmpuint (stats->n_messages[sender], ==, end->n_messages);
}

/* The tap saw all that came, and all that was to go; and what was not late was to. */
static void
check_tap (Run                 *run,
           DuplexRole           sender,
           const DuplexPumpEnd *end,
           const GArray        *said,
           guint                safe)
{
  End               *from = &run->ends[sender];
  End               *to = &run->ends[get_other (sender)];
  g_autoptr (GArray) sent = g_array_new (FALSE, FALSE, sizeof (guint16));

  g_assert_cmpmem (from->received->data, from->received->len, from->said->data, end->n_bytes);
  g_assert_cmpuint (to->output->len, <=, to->sent->len);
  if (to->output->len > 0)
    g_assert_cmpint (memcmp (to->output->data, to->sent->data, to->output->len), ==, 0);
  g_assert_true (fuzz_account_tell_output (&from->talk, to->sent, sent));
  take_close (sent, TRUE);
  if (end->n_late == 0)
    g_assert_cmpuint (follow (run, sent, said), >=, safe);
}

void
fuzz_pump_check_way (Run       *run,
                     DuplexRole sender)
{
  End                    *from = &run->ends[sender];
  End                    *to = &run->ends[get_other (sender)];
  g_autoptr (GArray)      came = g_array_new (FALSE, FALSE, sizeof (guint16));
  g_autoptr (GArray)      said = NULL;
  g_autoptr (FuzzAccount) account = NULL;
  DuplexPumpEnd           ends[2];
  gboolean                whole;
  guint                   safe;

  duplex_pump_get_ends (run->f.pump, &ends[CLIENT], &ends[SERVER]);
  account = fuzz_account_judge (&from->talk, from->said->data, ends[sender].n_bytes);
  check_counts (run, sender, &ends[sender], account);
  said = list_said (run, sender, account, &safe);
  if ((run->flags & FLAG_TAP) != 0)
    check_tap (run, sender, &ends[sender], said, safe);

  whole = fuzz_account_tell_output (&from->talk, to->output, came);
  g_assert_cmpuint (take_close (came, whole), ==, ends[get_other (sender)].code_sent);
  follow (run, came, said);
}

void
fuzz_pump_check_calm (Run *run)
{
  for (DuplexRole role = CLIENT; role <= SERVER; role++)
    {
      DuplexFakeLeg *leg = get_leg (run, role);

      leg->chunk = leg->room = G_MAXSIZE;
      duplex_fake_leg_tell (leg, G_IO_IN | G_IO_OUT);
      leg = get_leg (run, get_other (role));
      if (leg == NULL || get_leg (run, role) == NULL)
        return;
    }
  pump_fixture_turn (&run->f);
  for (DuplexRole sender = CLIENT; sender <= SERVER; sender++)
    {
      End                    *from = &run->ends[sender];
      End                    *to = &run->ends[get_other (sender)];
      g_autoptr (GArray)      came = g_array_new (FALSE, FALSE, sizeof (guint16));
      g_autoptr (GArray)      said = NULL;
      g_autoptr (FuzzAccount) account = NULL;
      guint                   safe;
      guint                   all;

      account = fuzz_account_judge (&from->talk, from->said->data, from->said->len);
      if (account->state != DUPLEX_FORWARD_ON)
        return;
      g_assert_cmpuint (from->input->len, ==, 0);
      g_assert_false (duplex_pump_side_is_blocked (get_side (run, sender)));
      said = list_said (run, sender, account, &safe);
      g_assert_true (fuzz_account_tell_output (&from->talk, to->output, came));
      take_close (came, TRUE);
      all = follow (run, came, said);
      /* The other one may have broken a rule, so that this one is heard no more. */
      if (get_side (run, get_other (sender))->close_queued)
        return;
      g_assert_cmpuint (all, >=, safe);
      g_assert_cmpuint (said->len - all, <=, get_side (run, sender)->held_len + 1);
    }
}
