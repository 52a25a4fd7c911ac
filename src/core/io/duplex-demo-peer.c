/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-demo-peer.h"

#include <string.h>

#include "core/io/duplex-connection.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-frame-encoder.h"
#include "core/proto/duplex-limits.h"

/* Bytes of a flood that are encoded and written at once. */
#define FLOOD_BATCH ((gsize)64 * 1024)
/* A message of the flood is held once in memory, and so bounded. */
#define FLOOD_MAX_SIZE ((guint64)16 * 1024 * 1024)

typedef struct
{
  const char *path;
  void (*start) (DuplexDemoPeer *self);
  void (*message) (DuplexDemoPeer *self, DuplexOpcode opcode, GBytes *payload);
  void (*idle) (DuplexDemoPeer *self);
} Behaviour;

struct _DuplexDemoPeer
{
  /* owned */
  DuplexConnection *connection;
  GHashTable       *parameters;
  GHashTable       *timers; /* of GSource, a set */

  /* borrowed */
  const Behaviour *behaviour;
  GFunc            ended;
  gpointer         user_data;

  /* state */
  guint64 next; /* of the flood */
  guint64 count;
  guint64 size;
  gsize   waiting_bytes; /* of messages that have not left */
  guint   waiting_items;
};

static guint64
get_number (DuplexDemoPeer *self,
            const char     *name,
            guint64         fallback,
            guint64         max)
{
  const char *text = g_hash_table_lookup (self->parameters, name);
  guint64     number;

  if (text == NULL || !g_ascii_string_to_unsigned (text, 10, 0, max, &number, NULL))
    return fallback;
  return number;
}

/* Whether more waits than a share of the limits: of all to stop reading, of half to go on. */
static gboolean
is_waiting (DuplexDemoPeer *self,
            guint           divisor)
{
  return self->waiting_bytes > DUPLEX_LIMIT_ECHO_BYTES / divisor ||
         self->waiting_items > DUPLEX_LIMIT_ECHO_ITEMS / divisor;
}

/* A client that does not take back what it sends is not read from either. */
static void
send_message (DuplexDemoPeer *self,
              DuplexOpcode    opcode,
              GBytes         *payload)
{
  if (!duplex_connection_is_open (self->connection))
    return;
  self->waiting_bytes += g_bytes_get_size (payload);
  self->waiting_items++;
  duplex_connection_send (self->connection, opcode, payload);
  if (is_waiting (self, 1))
    duplex_connection_set_paused (self->connection, TRUE);
}

static void
sent_cb (DuplexConnection *connection,
         gsize             size,
         gpointer          data)
{
  DuplexDemoPeer *self = data;

  self->waiting_bytes -= MIN (self->waiting_bytes, size);
  self->waiting_items -= MIN (self->waiting_items, 1);
  if (!is_waiting (self, 2))
    duplex_connection_set_paused (connection, FALSE);
}

static void
send_text (DuplexDemoPeer *self,
           const char     *text)
{
  g_autoptr (GBytes) payload = g_bytes_new (text, strlen (text));

  send_message (self, DUPLEX_OPCODE_TEXT, payload);
}

/* ---- timers, which end with the peer ---- */

typedef struct
{
  DuplexDemoPeer *peer;
  GSource        *source;
  DuplexOpcode    opcode;
  GBytes         *payload;
} Timer;

static void
timer_free (gpointer data)
{
  Timer *timer = data;

  g_clear_pointer (&timer->payload, g_bytes_unref);
  g_free (timer);
}

static void
timer_destroy (gpointer data)
{
  g_source_destroy (data);
  g_source_unref (data);
}

static Timer *
add_timer (DuplexDemoPeer *self,
           guint           ms,
           GSourceFunc     func)
{
  Timer *timer = g_new0 (Timer, 1);

  timer->peer = self;
  timer->source = g_timeout_source_new (ms);
  g_source_set_callback (timer->source, func, timer, timer_free);
  g_source_attach (timer->source, g_main_context_get_thread_default ());
  g_hash_table_add (self->timers, timer->source);
  return timer;
}

/* ---- /echo, /slow ---- */

static void
echo_message (DuplexDemoPeer *self,
              DuplexOpcode    opcode,
              GBytes         *payload)
{
  send_message (self, opcode, payload);
}

static gboolean
slow_cb (gpointer data)
{
  Timer *timer = data;

  send_message (timer->peer, timer->opcode, timer->payload);
  g_hash_table_remove (timer->peer->timers, timer->source);
  return G_SOURCE_REMOVE;
}

static void
slow_message (DuplexDemoPeer *self,
              DuplexOpcode    opcode,
              GBytes         *payload)
{
  Timer *timer = add_timer (self, (guint)get_number (self, "ms", 1000, 3600 * 1000), slow_cb);

  timer->opcode = opcode;
  timer->payload = g_bytes_ref (payload);
}

/* ---- /clock ---- */

static gboolean
clock_cb (gpointer data)
{
  Timer                *timer = data;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char      *text = g_date_time_format (now, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char      *json = NULL;

  json = g_strdup_printf ("{\"time\":\"%s\",\"unix\":%" G_GINT64_FORMAT "}", text,
                          g_date_time_to_unix (now));
  send_text (timer->peer, json);
  return G_SOURCE_CONTINUE;
}

static void
clock_start (DuplexDemoPeer *self)
{
  clock_cb (add_timer (self, 1000, clock_cb));
}

/* ---- /flood ---- */

/* Message number n with exactly size bytes: an object where it fits, else the number alone. */
static void
write_flood_message (guint8 *out,
                     guint64 n,
                     gsize   size)
{
  char head[48];
  int  len = g_snprintf (head, sizeof head, "{\"n\":%" G_GUINT64_FORMAT ",\"pad\":\"", n);

  memset (out, 'x', size);
  if (size >= (gsize)len + 2)
    {
      memcpy (out, head, (gsize)len);
      memcpy (out + size - 2, "\"}", 2);
      return;
    }
  len = g_snprintf (head, sizeof head, "%" G_GUINT64_FORMAT, n);
  memset (out, ' ', size);
  memcpy (out, head, MIN ((gsize)len, size));
}

static void
flood_idle (DuplexDemoPeer *self)
{
  DuplexFrameHeader      header = { .fin = TRUE, .opcode = DUPLEX_OPCODE_TEXT };
  g_autoptr (GByteArray) batch = NULL;
  g_autoptr (GBytes)     wire = NULL;
  guint8                 bytes[DUPLEX_FRAME_HEADER_MAX];
  gsize                  header_size;

  if (self->next == self->count)
    {
      duplex_connection_close (self->connection, DUPLEX_CLOSE_NORMAL, "Flood complete");
      return;
    }
  header.length = self->size;
  header.length_bits = duplex_frame_minimal_length_bits (self->size);
  header_size = duplex_frame_header_encode (&header, bytes);
  batch = g_byte_array_new ();
  do
    {
      guint at = batch->len;

      g_byte_array_set_size (batch, (guint)(at + header_size + self->size));
      memcpy (batch->data + at, bytes, header_size);
      write_flood_message (batch->data + at + header_size, self->next, self->size);
      self->next++;
  } while (self->next < self->count && batch->len < FLOOD_BATCH);
  wire = g_byte_array_free_to_bytes (g_steal_pointer (&batch));
  duplex_connection_send_raw (self->connection, wire);
}

static void
flood_start (DuplexDemoPeer *self)
{
  self->count = get_number (self, "n", 100000, G_MAXUINT64);
  self->size = get_number (self, "size", 200, FLOOD_MAX_SIZE);
  flood_idle (self);
}

/* ---- /binary ---- */

static void
binary_start (DuplexDemoPeer *self)
{
  static const gsize sizes[] = { 256, 1024, 64 * 1024 };

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree guint8 *data = g_malloc (sizes[i]);
      g_autoptr (GBytes) payload = NULL;

      for (gsize k = 0; k < sizes[i]; k++)
        data[k] = k & 0xff;
      payload = g_bytes_new_take (g_steal_pointer (&data), sizes[i]);
      send_message (self, DUPLEX_OPCODE_BINARY, payload);
    }
}

/* ---- /fragments ---- */

static void
append_frame (GByteArray  *wire,
              DuplexOpcode opcode,
              gboolean     fin,
              const char  *payload)
{
  DuplexFrameHeader  header = { .fin = fin, .opcode = opcode, .length = strlen (payload) };
  g_autoptr (GBytes) frame = NULL;

  header.length_bits = duplex_frame_minimal_length_bits (header.length);
  frame = duplex_frame_encode (&header, (const guint8 *)payload, header.length);
  g_byte_array_append (wire, g_bytes_get_data (frame, NULL), (guint)g_bytes_get_size (frame));
}

/* A text whose second cut falls inside a character, an empty fragment, pings between, and a binary
 * message in two pieces. */
static void
fragments_start (DuplexDemoPeer *self)
{
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  g_autoptr (GBytes)     bytes = NULL;

  append_frame (wire, DUPLEX_OPCODE_TEXT, FALSE, "{\"greeting\":\"Gr");
  append_frame (wire, DUPLEX_OPCODE_PING, TRUE, "between");
  append_frame (wire, DUPLEX_OPCODE_CONTINUATION, FALSE, "\xc3");
  append_frame (wire, DUPLEX_OPCODE_CONTINUATION, FALSE, "");
  append_frame (wire, DUPLEX_OPCODE_PING, TRUE, "");
  append_frame (wire, DUPLEX_OPCODE_CONTINUATION, TRUE, "\xbc\xc3\x9f dich\",\"fragments\":4}");
  append_frame (wire, DUPLEX_OPCODE_BINARY, FALSE, "\x01\x02\x03");
  append_frame (wire, DUPLEX_OPCODE_CONTINUATION, TRUE, "\x04\x05");
  bytes = g_byte_array_free_to_bytes (g_steal_pointer (&wire));
  duplex_connection_send_raw (self->connection, bytes);
}

/* ---- /close ---- */

static void
close_message (DuplexDemoPeer *self,
               DuplexOpcode    opcode,
               GBytes         *payload)
{
  guint16     code = (guint16)get_number (self, "code", DUPLEX_CLOSE_NORMAL, G_MAXUINT16);
  const char *reason = g_hash_table_lookup (self->parameters, "reason");

  duplex_connection_close (self->connection, code != 0 ? code : DUPLEX_CLOSE_NO_STATUS, reason);
}

static const Behaviour behaviours[] = {
  { .path = "/echo", .message = echo_message },
  { .path = "/clock", .start = clock_start },
  { .path = "/flood", .start = flood_start, .idle = flood_idle },
  { .path = "/binary", .start = binary_start, .message = echo_message },
  { .path = "/fragments", .start = fragments_start, .message = echo_message },
  { .path = "/close", .message = close_message },
  { .path = "/slow", .message = slow_message },
};

static const Behaviour *
find_behaviour (const char *target)
{
  gsize len = strcspn (target, "?");

  for (gsize i = 0; i < G_N_ELEMENTS (behaviours); i++)
    if (strlen (behaviours[i].path) == len && strncmp (behaviours[i].path, target, len) == 0)
      return &behaviours[i];
  return NULL;
}

gboolean
duplex_demo_peer_knows (const char *target)
{
  g_return_val_if_fail (target != NULL, FALSE);

  return find_behaviour (target) != NULL;
}

/* ---- the connection ---- */

static void
message_cb (DuplexConnection *connection,
            DuplexOpcode      opcode,
            GBytes           *payload,
            gpointer          data)
{
  DuplexDemoPeer *self = data;

  if (self->behaviour->message != NULL)
    self->behaviour->message (self, opcode, payload);
}

static void
idle_cb (DuplexConnection *connection,
         gpointer          data)
{
  DuplexDemoPeer *self = data;

  /* The first call can come before start has returned its connection. */
  if (self->connection != NULL && self->behaviour->idle != NULL)
    self->behaviour->idle (self);
}

static void
closed_cb (DuplexConnection *connection,
           guint16           code,
           const char       *reason,
           gboolean          by_peer,
           const GError     *error,
           gpointer          data)
{
  DuplexDemoPeer *self = data;

  g_clear_object (&self->connection);
  self->ended (self, self->user_data);
  g_hash_table_unref (self->timers);
  g_clear_pointer (&self->parameters, g_hash_table_unref);
  g_free (self);
}

static const DuplexConnectionCallbacks callbacks = {
  .message = message_cb,
  .sent = sent_cb,
  .idle = idle_cb,
  .closed = closed_cb,
};

static GHashTable *
parse_parameters (const char *target)
{
  const char *query = strchr (target, '?');
  GHashTable *parameters = NULL;

  if (query != NULL)
    parameters = g_uri_parse_params (query + 1, -1, "&", G_URI_PARAMS_WWW_FORM, NULL);
  if (parameters == NULL)
    parameters = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return parameters;
}

DuplexDemoPeer *
duplex_demo_peer_start (GIOStream                    *stream,
                        GBytes                       *leftover,
                        const char                   *target,
                        const DuplexDeflateAgreement *deflate,
                        GFunc                         ended,
                        gpointer                      user_data)
{
  DuplexConnectionSettings settings = { .role = DUPLEX_ROLE_SERVER, .deflate = *deflate };
  DuplexDemoPeer          *self;

  g_return_val_if_fail (duplex_demo_peer_knows (target), NULL);

  self = g_new0 (DuplexDemoPeer, 1);
  self->behaviour = find_behaviour (target);
  self->parameters = parse_parameters (target);
  self->timers = g_hash_table_new_full (NULL, NULL, timer_destroy, NULL);
  self->ended = ended;
  self->user_data = user_data;
  self->connection = duplex_connection_new (stream, leftover, &settings, &callbacks, self);
  if (self->behaviour->start != NULL)
    self->behaviour->start (self);
  return self;
}

void
duplex_demo_peer_go_away (DuplexDemoPeer *self)
{
  g_return_if_fail (self != NULL);

  duplex_connection_close (self->connection, DUPLEX_CLOSE_GOING_AWAY, "Server is stopping");
}

void
duplex_demo_peer_abort (DuplexDemoPeer *self)
{
  g_return_if_fail (self != NULL);

  duplex_connection_abort (self->connection);
}
