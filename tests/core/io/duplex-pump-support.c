/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-pump-support.h"

#include <string.h>

#include "core/proto/duplex-frame-decoder.h"
#include "duplex-fake-clock.h"

/* Payload bytes up to which they are shown. */
#define SHOWN 200

static void
ended_cb (DuplexPump *pump,
          gpointer    data)
{
  PumpFixture *self = data;

  g_assert_true (pump == self->pump);
  g_assert_false (self->ended);
  self->ended = TRUE;
}

void
pump_fixture_init (PumpFixture *self)
{
  pump_fixture_init_limited (self, 64 * 1024 * 1024, 64 * 1024 * 1024);
}

void
pump_fixture_init_limited (PumpFixture *self,
                           guint64      max_message,
                           guint64      max_frame)
{
  memset (self, 0, sizeof *self);
  duplex_fake_clock_reset ();
  self->settings = (DuplexPumpSettings){
    .limits = { .max_message = max_message, .max_frame = max_frame },
    .close_timeout = 5,
  };
  self->client = duplex_fake_leg_new (&self->client_freed);
  self->backend = duplex_fake_leg_new (&self->backend_freed);
  self->poller = duplex_poller_new ();
  /* It knows the time from its first look at the set. */
  g_main_context_iteration (NULL, FALSE);
  self->pump = duplex_pump_new (self->poller, &self->client->leg, &self->backend->leg,
                                &self->settings, &self->stats, ended_cb, self);
}

void
pump_fixture_clear (PumpFixture *self)
{
  g_clear_pointer (&self->pump, duplex_pump_free);
  g_assert_true (self->client_freed);
  g_assert_true (self->backend_freed);
  g_clear_pointer (&self->poller, duplex_poller_free);
}

/* NULL once it is freed. */
static DuplexFakeLeg *
get_leg (PumpFixture *self,
         DuplexRole   role)
{
  if (role == DUPLEX_ROLE_CLIENT)
    return self->client_freed ? NULL : self->client;
  return self->backend_freed ? NULL : self->backend;
}

void
pump_append_frame (GByteArray *wire,
                   DuplexRole  sender,
                   guint8      first,
                   const char *payload,
                   gssize      len)
{
  gsize             size = len >= 0 ? (gsize)len : strlen (payload);
  DuplexFrameHeader header = {
    .fin = (first & 0x80) != 0,
    .rsv1 = (first & 0x40) != 0,
    .rsv2 = (first & 0x20) != 0,
    .rsv3 = (first & 0x10) != 0,
    .opcode = first & 0x0f,
    .masked = sender == DUPLEX_ROLE_CLIENT,
    .length_bits = duplex_frame_minimal_length_bits (size),
    .length = size,
  };
  guint8 head[DUPLEX_FRAME_HEADER_MAX];
  guint  at;

  if (header.masked)
    memcpy (header.mask, "\x12\x34\x56\x78", 4);
  g_byte_array_append (wire, head, (guint)duplex_frame_header_encode (&header, head));
  at = wire->len;
  if (size == 0)
    return;
  g_byte_array_append (wire, (const guint8 *)payload, (guint)size);
  duplex_mask (wire->data + at, wire->data + at, size, header.mask, 0);
}

void
pump_fixture_send (PumpFixture  *self,
                   DuplexRole    sender,
                   const guint8 *data,
                   gsize         len)
{
  DuplexFakeLeg *leg = get_leg (self, sender);

  g_assert_nonnull (leg);
  g_byte_array_append (leg->input, data, (guint)len);
  duplex_fake_leg_tell (leg, G_IO_IN);
}

void
pump_fixture_send_frame (PumpFixture *self,
                         DuplexRole   sender,
                         guint8       first,
                         const char  *payload,
                         gssize       len)
{
  g_autoptr (GByteArray) wire = g_byte_array_new ();

  pump_append_frame (wire, sender, first, payload, len);
  pump_fixture_send (self, sender, wire->data, wire->len);
}

void
pump_fixture_end (PumpFixture *self,
                  DuplexRole   sender)
{
  DuplexFakeLeg *leg = get_leg (self, sender);

  g_assert_nonnull (leg);
  leg->input_ended = TRUE;
  duplex_fake_leg_tell (leg, G_IO_IN | G_IO_HUP);
}

void
pump_fixture_make_room (PumpFixture *self,
                        DuplexRole   receiver,
                        gsize        room)
{
  DuplexFakeLeg *leg = get_leg (self, receiver);

  g_assert_nonnull (leg);
  leg->room = room;
  duplex_fake_leg_tell (leg, G_IO_OUT);
}

void
pump_fixture_turn (PumpFixture *self)
{
  /* The legs' wishes may bring others, a few times; the loop is never idle, since the poller's
   * deadlines are not on the clock that GLib waits by. */
  for (guint i = 0; i < 8; i++)
    {
      if (get_leg (self, DUPLEX_ROLE_CLIENT) != NULL)
        duplex_fake_leg_turn (self->client);
      if (get_leg (self, DUPLEX_ROLE_SERVER) != NULL)
        duplex_fake_leg_turn (self->backend);
      g_main_context_iteration (NULL, FALSE);
    }
}

void
pump_fixture_advance (PumpFixture *self,
                      gint64       us)
{
  duplex_fake_clock_advance (us);
  pump_fixture_turn (self);
}

/* ---- what came out ---- */

static void
describe_payload (GString    *text,
                  guint8      opcode,
                  GByteArray *payload)
{
  const guint8 *data = payload->data;
  guint         len = payload->len;

  if (opcode == DUPLEX_OPCODE_CLOSE && len >= 2)
    {
      g_string_append_printf (text, "%u%s", data[0] << 8 | data[1], len > 2 ? " " : "");
      data += 2;
      len -= 2;
    }
  if (len > SHOWN)
    g_string_append_printf (text, "*%u", len);
  else if (len > 0)
    g_string_append_len (text, (const char *)data, len);
}

char *
pump_fixture_take (PumpFixture *self,
                   DuplexRole   receiver)
{
  DuplexFakeLeg                 *leg = get_leg (self, receiver);
  g_autoptr (DuplexFrameDecoder) decoder = duplex_frame_decoder_new ();
  g_autoptr (GByteArray)         payload = g_byte_array_new ();
  GString                       *text = g_string_new (NULL);
  const guint8                  *data;
  gsize                          len;
  DuplexSlice                    slice;
  DuplexDecodeStep               step;

  g_assert_nonnull (leg);
  data = leg->output->data;
  len = leg->output->len;
  while ((step = duplex_frame_decoder_step (decoder, &data, &len, &slice)) !=
         DUPLEX_DECODE_NEED_MORE)
    {
      const DuplexFrameHeader *header = duplex_frame_decoder_get_header (decoder);
      guint                    at = payload->len;

      g_assert_cmpint (header->masked, ==, receiver == DUPLEX_ROLE_SERVER);
      switch (step)
        {
        case DUPLEX_DECODE_HEADER:
          g_string_append_printf (text, "%s%s%s(", text->len > 0 ? " " : "",
                                  header->rsv1 ? "compressed " : "",
                                  duplex_opcode_get_name (header->opcode));
          break;
        case DUPLEX_DECODE_PAYLOAD:
          g_byte_array_append (payload, slice.data, (guint)slice.len);
          duplex_mask (payload->data + at, payload->data + at, slice.len, header->mask,
                       slice.offset);
          break;
        default:
          g_assert_cmpint (step, ==, DUPLEX_DECODE_END);
          describe_payload (text, header->opcode, payload);
          g_byte_array_set_size (payload, 0);
          g_string_append (text, header->fin ? ")" : ")+");
          break;
        }
    }
  g_assert_true (duplex_frame_decoder_is_idle (decoder));
  g_byte_array_set_size (leg->output, 0);
  return g_string_free (text, FALSE);
}

void
pump_fixture_assert_got (PumpFixture *self,
                         DuplexRole   receiver,
                         const char  *expected)
{
  g_autofree char *got = pump_fixture_take (self, receiver);

  g_assert_cmpstr (got, ==, expected);
}
