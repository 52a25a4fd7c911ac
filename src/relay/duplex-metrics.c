/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-metrics.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "core/proto/duplex-close-code.h"

/* What two workers write does not share a line of the processor's cache. */
#define CACHE_LINE 64

/* From accepting to being open: with what a backend across the world needs, and its time limit. The
 * first bound is this many microseconds, each other one twice the one before. */
#define OPEN_UNIT_US 125
#define OPEN_BUCKETS 19
/* Of DuplexPumpStats. */
#define WAIT_UNIT_US 4

/* 1000 to 1015 have their own label; of the ranges that anyone may choose from there is one each,
 * so that no peer decides how many there are. */
#define N_OWN_CODES (DUPLEX_CLOSE_TLS_HANDSHAKE - DUPLEX_CLOSE_NORMAL + 1)
enum {
  CODE_REGISTERED = N_OWN_CODES,
  CODE_PRIVATE,
  CODE_OTHER,
  CODE_NONE,
  N_CODES,
};

enum {
  CLIENT,
  BACKEND,
  N_ENDS,
};

static const char *const end_names[N_ENDS] = { "client", "backend" };

struct _DuplexMetrics
{
  /* owned */
  GMutex     lock;    /* of workers, not of what they hold */
  GPtrArray *workers; /* of DuplexPumpStats */

  /* state; atomic */
  guint64 n_accepted;
  guint64 n_gone;
  guint64 n_opened;
  guint64 n_closed;
  guint64 n_not_recorded;
  guint64 refusals[DUPLEX_N_REFUSALS];
  guint64 received[N_ENDS][N_CODES];
  guint64 sent[N_ENDS][N_CODES];
  guint64 opens[OPEN_BUCKETS];
  guint64 opens_us;

  /* constant */
  gint64 start_us; /* wall clock */
};

static void
increase (guint64 *counter,
          guint64  n)
{
  __atomic_fetch_add (counter, n, __ATOMIC_RELAXED);
}

static guint64
get (const guint64 *counter)
{
  return __atomic_load_n (counter, __ATOMIC_RELAXED);
}

static guint
code_index (guint16 code)
{
  if (code == 0)
    return CODE_NONE;
  if (code >= DUPLEX_CLOSE_NORMAL && code <= DUPLEX_CLOSE_TLS_HANDSHAKE)
    return code - DUPLEX_CLOSE_NORMAL;
  if (code >= 3000 && code <= 3999)
    return CODE_REGISTERED;
  return code >= 4000 && code <= 4999 ? CODE_PRIVATE : CODE_OTHER;
}

static char *
code_name (guint index)
{
  static const char *const names[] = { "3xxx", "4xxx", "other", "none" };

  return index < N_OWN_CODES ? g_strdup_printf ("%u", DUPLEX_CLOSE_NORMAL + index)
                             : g_strdup (names[index - N_OWN_CODES]);
}

/* ---- text; whole numbers only, which no locale changes ---- */

static void
append_head (GString    *text,
             const char *name,
             const char *type,
             const char *help)
{
  g_string_append_printf (text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
append_seconds (GString *text,
                guint64  us)
{
  g_string_append_printf (text, "%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT,
                          us / G_USEC_PER_SEC, us % G_USEC_PER_SEC);
}

static void
append_number (GString    *text,
               const char *name,
               const char *type,
               const char *help,
               guint64     value)
{
  append_head (text, name, type, help);
  g_string_append_printf (text, "%s %" G_GUINT64_FORMAT "\n", name, value);
}

/* What has ended is read first, and a moment later what has begun: never less. */
static void
append_gauge (GString       *text,
              const char    *name,
              const char    *help,
              const guint64 *begun,
              const guint64 *ended)
{
  guint64 n_ended = get (ended);
  guint64 n_begun = get (begun);

  append_number (text, name, "gauge", help, n_begun > n_ended ? n_begun - n_ended : 0);
}

static void
append_time (GString    *text,
             const char *name,
             const char *type,
             const char *help,
             guint64     us)
{
  append_head (text, name, type, help);
  g_string_append_printf (text, "%s ", name);
  append_seconds (text, us);
  g_string_append_c (text, '\n');
}

static void
append_ends (GString       *text,
             const char    *name,
             const char    *help,
             const guint64 *values)
{
  append_head (text, name, "counter", help);
  for (guint end = 0; end < N_ENDS; end++)
    g_string_append_printf (text, "%s{from=\"%s\"} %" G_GUINT64_FORMAT "\n", name, end_names[end],
                            values[end]);
}

static void
append_codes (GString    *text,
              const char *name,
              const char *label,
              const char *help,
              guint64     values[N_ENDS][N_CODES])
{
  append_head (text, name, "counter", help);
  for (guint end = 0; end < N_ENDS; end++)
    for (guint i = 0; i < N_CODES; i++)
      {
        g_autofree char *code = code_name (i);

        g_string_append_printf (text, "%s{%s=\"%s\",code=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
                                label, end_names[end], code, get (&values[end][i]));
      }
}

/* Bucket i holds whole microseconds below unit_us × 2^i, the last one the rest. Count and buckets
 * are of the same moment, so that they agree. */
static void
append_histogram (GString       *text,
                  const char    *name,
                  const char    *help,
                  const guint64 *buckets,
                  guint          n_buckets,
                  guint64        unit_us,
                  guint64        sum_us)
{
  guint64 count = 0;

  append_head (text, name, "histogram", help);
  for (guint i = 0; i < n_buckets; i++)
    {
      count += buckets[i];
      g_string_append_printf (text, "%s_bucket{le=\"", name);
      if (i + 1 < n_buckets)
        append_seconds (text, unit_us << i);
      else
        g_string_append (text, "+Inf");
      g_string_append_printf (text, "\"} %" G_GUINT64_FORMAT "\n", count);
    }
  g_string_append_printf (text, "%s_sum ", name);
  append_seconds (text, sum_us);
  g_string_append_printf (text, "\n%s_count %" G_GUINT64_FORMAT "\n", name, count);
}

static void
append_refusals (GString       *text,
                 DuplexMetrics *self)
{
  const char *name = "duplex_relay_refusals_total";

  append_head (text, name, "counter", "Clients that got no WebSocket or no backend, by reason.");
  for (guint i = 0; i < DUPLEX_N_REFUSALS; i++)
    g_string_append_printf (text, "%s{reason=\"%s\"} %" G_GUINT64_FORMAT "\n", name,
                            duplex_refusal_get_name (i), get (&self->refusals[i]));
}

static void
append_workers (GString       *text,
                DuplexMetrics *self)
{
  DuplexPumpStats total = { 0 };

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->workers->len; i++)
    duplex_pump_stats_add (&total, g_ptr_array_index (self->workers, i));
  g_mutex_unlock (&self->lock);

  append_ends (text, "duplex_relay_messages_total", "Messages that began, by sender.",
               total.n_messages);
  append_ends (text, "duplex_relay_bytes_total", "Bytes of WebSocket frames read, by sender.",
               total.n_bytes);
  append_ends (text, "duplex_relay_late_bytes_total",
               "Bytes read of which nobody could get any more.", total.n_late);
  append_histogram (text, "duplex_relay_forward_seconds",
                    "From reading bytes to the last of them having been written.", total.waits,
                    DUPLEX_PUMP_BUCKETS, WAIT_UNIT_US, total.waits_us);
}

static void
append_opens (GString       *text,
              DuplexMetrics *self)
{
  guint64 buckets[OPEN_BUCKETS];

  for (guint i = 0; i < OPEN_BUCKETS; i++)
    buckets[i] = get (&self->opens[i]);
  append_histogram (text, "duplex_relay_open_seconds",
                    "From accepting a client to its being pumped.", buckets, OPEN_BUCKETS,
                    OPEN_UNIT_US, get (&self->opens_us));
}

/* ---- the process; what the system does not tell is left out ---- */

static void
append_memory (GString *text)
{
  g_autofree char *statm = NULL;
  char            *resident = NULL;

  if (!g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL))
    return;
  g_ascii_strtoull (statm, &resident, 10);
  append_number (text, "process_resident_memory_bytes", "gauge", "Resident memory.",
                 g_ascii_strtoull (resident, NULL, 10) * (guint64)sysconf (_SC_PAGESIZE));
}

static void
append_descriptors (GString *text)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  struct rlimit    limit;
  guint            n = 0;

  if (dir != NULL)
    {
      while (g_dir_read_name (dir) != NULL)
        n++;
      /* Not the one that reads them. */
      append_number (text, "process_open_fds", "gauge", "Open file descriptors.", n - 1);
    }
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    append_number (text, "process_max_fds", "gauge", "The limit of open file descriptors.",
                   limit.rlim_cur);
}

static void
append_processor (GString *text)
{
  struct timespec used;

  if (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
    append_time (text, "process_cpu_seconds_total", "counter", "User and system time.",
                 (guint64)used.tv_sec * G_USEC_PER_SEC + (guint64)used.tv_nsec / 1000);
}

/* ---- public ---- */

const char *
duplex_refusal_get_name (DuplexRefusal refusal)
{
  static const char *const names[] = {
    [DUPLEX_REFUSAL_REQUEST] = "request",
    [DUPLEX_REFUSAL_TIMEOUT] = "timeout",
    [DUPLEX_REFUSAL_DISPLACED] = "displaced",
    [DUPLEX_REFUSAL_TLS] = "tls",
    [DUPLEX_REFUSAL_ORIGIN] = "origin",
    [DUPLEX_REFUSAL_TOKEN] = "token",
    [DUPLEX_REFUSAL_LIMIT] = "limit",
    [DUPLEX_REFUSAL_NOT_ALLOWED] = "not-allowed",
    [DUPLEX_REFUSAL_UNREACHABLE] = "unreachable",
    [DUPLEX_REFUSAL_LEFT] = "left",
  };
  G_STATIC_ASSERT (G_N_ELEMENTS (names) == DUPLEX_N_REFUSALS);

  g_return_val_if_fail ((guint)refusal < DUPLEX_N_REFUSALS, NULL);

  return names[refusal];
}

DuplexMetrics *
duplex_metrics_new (void)
{
  DuplexMetrics *self = g_new0 (DuplexMetrics, 1);

  g_mutex_init (&self->lock);
  self->workers = g_ptr_array_new_with_free_func (g_aligned_free);
  self->start_us = g_get_real_time ();
  return self;
}

void
duplex_metrics_free (DuplexMetrics *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->workers);
  g_mutex_clear (&self->lock);
  g_free (self);
}

DuplexPumpStats *
duplex_metrics_add_worker (DuplexMetrics *self)
{
  gsize            size = (sizeof (DuplexPumpStats) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
  DuplexPumpStats *stats;

  g_return_val_if_fail (self != NULL, NULL);

  stats = g_aligned_alloc0 (1, size, CACHE_LINE);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->workers, stats);
  g_mutex_unlock (&self->lock);
  return stats;
}

void
duplex_metrics_accepted (DuplexMetrics *self)
{
  g_return_if_fail (self != NULL);

  increase (&self->n_accepted, 1);
}

void
duplex_metrics_gone (DuplexMetrics *self)
{
  g_return_if_fail (self != NULL);

  increase (&self->n_gone, 1);
}

void
duplex_metrics_opened (DuplexMetrics *self,
                       gint64         elapsed_us)
{
  guint64 time = (guint64)MAX (elapsed_us, 0);
  guint   bucket = time < OPEN_UNIT_US ? 0 : g_bit_storage (time / OPEN_UNIT_US);

  g_return_if_fail (self != NULL);

  increase (&self->n_opened, 1);
  increase (&self->opens[MIN (bucket, OPEN_BUCKETS - 1)], 1);
  increase (&self->opens_us, time);
}

void
duplex_metrics_closed (DuplexMetrics       *self,
                       const DuplexPumpEnd *client,
                       const DuplexPumpEnd *backend)
{
  const DuplexPumpEnd *ends[N_ENDS] = { [CLIENT] = client, [BACKEND] = backend };

  g_return_if_fail (self != NULL && client != NULL);

  increase (&self->n_closed, 1);
  for (guint i = 0; i < N_ENDS; i++)
    if (ends[i] != NULL)
      {
        increase (&self->received[i][code_index (ends[i]->code_received)], 1);
        increase (&self->sent[i][code_index (ends[i]->code_sent)], 1);
      }
}

void
duplex_metrics_refused (DuplexMetrics *self,
                        DuplexRefusal  refusal)
{
  g_return_if_fail (self != NULL && (guint)refusal < DUPLEX_N_REFUSALS);

  increase (&self->refusals[refusal], 1);
}

void
duplex_metrics_not_recorded (DuplexMetrics *self,
                             guint64        n_bytes)
{
  g_return_if_fail (self != NULL);

  increase (&self->n_not_recorded, n_bytes);
}

char *
duplex_metrics_to_text (DuplexMetrics *self)
{
  GString *text;

  g_return_val_if_fail (self != NULL, NULL);

  text = g_string_sized_new (16 * 1024);
  append_gauge (text, "duplex_relay_clients", "TCP connections of clients, in whatever state.",
                &self->n_accepted, &self->n_gone);
  append_gauge (text, "duplex_relay_open_connections", "WebSockets that are carried.",
                &self->n_opened, &self->n_closed);
  append_number (text, "duplex_relay_connections_total", "counter",
                 "WebSockets that were carried, or still are.", get (&self->n_opened));
  append_workers (text, self);
  append_codes (text, "duplex_relay_closes_total", "from",
                "Connections that have ended, by the code of the Close that an end sent.",
                self->received);
  append_codes (text, "duplex_relay_closes_sent_total", "to",
                "Connections that have ended, by the code of the Close that an end got.",
                self->sent);
  append_refusals (text, self);
  append_opens (text, self);
  append_number (text, "duplex_relay_not_recorded_bytes_total", "counter",
                 "Bytes that the capture had no time or room for.", get (&self->n_not_recorded));
  append_time (text, "duplex_relay_start_time_seconds", "gauge",
               "When the relay started, since 1970 in UTC.", (guint64)self->start_us);
  append_memory (text);
  append_descriptors (text);
  append_processor (text);
  return g_string_free (text, FALSE);
}
