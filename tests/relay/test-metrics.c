/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "relay/duplex-metrics.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- a strict reader of the text format 0.0.4, as far as it allows what a metric may be ---- */

typedef struct
{
  GHashTable *samples; /* "name{labels}" to double* */
  GHashTable *types;   /* name to type */
} Metrics;

static void
metrics_clear (Metrics *self)
{
  g_hash_table_unref (self->samples);
  g_hash_table_unref (self->types);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Metrics, metrics_clear)

static gboolean
matches (const char *pattern,
         const char *text)
{
  return g_regex_match_simple (pattern, text, G_REGEX_DOLLAR_ENDONLY, 0);
}

/* Samples of a histogram have names of their own. */
static gboolean
belongs_to (const char *sample,
            const char *family,
            const char *type)
{
  gsize len = strlen (family);

  if (!g_str_equal (type, "histogram"))
    return g_str_equal (sample, family);
  return g_str_has_prefix (sample, family) &&
         (g_str_equal (sample + len, "_bucket") || g_str_equal (sample + len, "_sum") ||
          g_str_equal (sample + len, "_count"));
}

static void
read_sample (Metrics    *self,
             const char *line,
             const char *family)
{
  const char      *type = g_hash_table_lookup (self->types, family);
  const char      *space = strrchr (line, ' ');
  g_autofree char *key = NULL;
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;

  g_assert_nonnull (space);
  key = g_strndup (line, (gsize)(space - line));
  name = g_strndup (line, strcspn (line, "{ "));
  g_assert_true (matches ("^[a-zA-Z_:][a-zA-Z0-9_:]*"
                          "(\\{[a-z_]+=\"[^\"\\\\\\n]*\"(,[a-z_]+=\"[^\"\\\\\\n]*\")*\\})?$",
                          key));
  g_assert_true (belongs_to (name, family, type));
  g_assert_true (matches ("^[0-9]+(\\.[0-9]+)?$", space + 1));
  if (g_str_equal (type, "counter"))
    g_assert_true (g_str_has_suffix (name, "_total"));

  value = g_strdup (space + 1);
  g_assert_true (g_hash_table_insert (self->samples, g_steal_pointer (&key),
                                      g_memdup2 (&(double){ g_ascii_strtod (value, NULL) },
                                                 sizeof (double))));
}

/* Families are HELP, TYPE, then samples, each once. */
static Metrics
read_metrics (const char *text)
{
  Metrics          self = { g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free),
                            g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free) };
  g_autofree char *helped = g_strdup ("");
  g_autofree char *family = g_strdup ("");
  g_auto (GStrv)   lines = g_strsplit (text, "\n", -1);
  guint            n = g_strv_length (lines);

  g_assert_true (g_str_has_suffix (text, "\n"));
  for (guint i = 0; i + 1 < n; i++)
    {
      g_auto (GStrv) words = g_strsplit (lines[i], " ", 4);

      if (!g_str_has_prefix (lines[i], "#"))
        {
          read_sample (&self, lines[i], family);
          continue;
        }
      g_assert_true (matches ("^# (HELP [a-z_]+ [^\\\\]+|TYPE [a-z_]+ (counter|gauge|histogram))$",
                              lines[i]));
      if (g_str_equal (words[1], "HELP"))
        {
          g_assert_false (g_hash_table_contains (self.types, words[2]));
          g_free (helped);
          helped = g_strdup (words[2]);
          continue;
        }
      g_assert_cmpstr (helped, ==, words[2]);
      g_free (family);
      family = g_strdup (words[2]);
      g_assert_true (g_hash_table_insert (self.types, g_strdup (family), g_strdup (words[3])));
    }
  return self;
}

static Metrics
read_all (DuplexMetrics *metrics)
{
  g_autofree char *text = duplex_metrics_to_text (metrics);

  return read_metrics (text);
}

static double
value_of (const Metrics *self,
          const char    *key)
{
  const double *value = g_hash_table_lookup (self->samples, key);

  if (value == NULL)
    g_error ("there is no %s", key);
  return *value;
}

/* ---- tests ---- */

/* All that can be there is, before anything happened: a rate needs a zero to begin with. */
static void
test_begin (void)
{
  static const char *const zeros[] = {
    "duplex_relay_clients",
    "duplex_relay_open_connections",
    "duplex_relay_connections_total",
    "duplex_relay_messages_total{from=\"client\"}",
    "duplex_relay_messages_total{from=\"backend\"}",
    "duplex_relay_bytes_total{from=\"client\"}",
    "duplex_relay_late_bytes_total{from=\"backend\"}",
    "duplex_relay_closes_total{from=\"client\",code=\"1000\"}",
    "duplex_relay_closes_total{from=\"client\",code=\"1015\"}",
    "duplex_relay_closes_total{from=\"backend\",code=\"3xxx\"}",
    "duplex_relay_closes_total{from=\"backend\",code=\"4xxx\"}",
    "duplex_relay_closes_total{from=\"backend\",code=\"other\"}",
    "duplex_relay_closes_total{from=\"backend\",code=\"none\"}",
    "duplex_relay_closes_sent_total{to=\"client\",code=\"1008\"}",
    "duplex_relay_refusals_total{reason=\"origin\"}",
    "duplex_relay_refusals_total{reason=\"left\"}",
    "duplex_relay_forward_seconds_bucket{le=\"0.000004\"}",
    "duplex_relay_forward_seconds_bucket{le=\"1.048576\"}",
    "duplex_relay_forward_seconds_bucket{le=\"+Inf\"}",
    "duplex_relay_forward_seconds_sum",
    "duplex_relay_forward_seconds_count",
    "duplex_relay_open_seconds_bucket{le=\"0.000125\"}",
    "duplex_relay_open_seconds_bucket{le=\"+Inf\"}",
    "duplex_relay_open_seconds_count",
    "duplex_relay_not_recorded_bytes_total",
  };
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
  g_auto (Metrics)          read = read_all (metrics);

  for (gsize i = 0; i < G_N_ELEMENTS (zeros); i++)
    g_assert_cmpfloat (value_of (&read, zeros[i]), ==, 0);
  g_assert_cmpstr (g_hash_table_lookup (read.types, "duplex_relay_clients"), ==, "gauge");
  g_assert_cmpstr (g_hash_table_lookup (read.types, "duplex_relay_forward_seconds"), ==,
                   "histogram");
  g_assert_cmpstr (g_hash_table_lookup (read.types, "duplex_relay_closes_total"), ==, "counter");
}

static void
test_connections (void)
{
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
  const DuplexPumpEnd       end = { .code_received = 1000 };

  for (guint i = 0; i < 5; i++)
    duplex_metrics_accepted (metrics);
  duplex_metrics_gone (metrics);
  for (guint i = 0; i < 3; i++)
    duplex_metrics_opened (metrics, 0);
  duplex_metrics_closed (metrics, &end, &end);
  duplex_metrics_not_recorded (metrics, 1000);
  duplex_metrics_not_recorded (metrics, 7);
  {
    g_auto (Metrics) read = read_all (metrics);

    g_assert_cmpfloat (value_of (&read, "duplex_relay_clients"), ==, 4);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_open_connections"), ==, 2);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_connections_total"), ==, 3);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_not_recorded_bytes_total"), ==, 1007);
  }
}

static const struct
{
  guint16     code;
  const char *label;
} codes[] = {
  { 0, "none" },
  { 1000, "1000" },
  { 1001, "1001" },
  { 1005, "1005" },
  { 1009, "1009" },
  { 1015, "1015" },
  { 1016, "other" },
  { 2999, "other" },
  { 3000, "3xxx" },
  { 3999, "3xxx" },
  { 4000, "4xxx" },
  { 4999, "4xxx" },
  { 5000, "other" },
  { 999, "other" },
  { 65535, "other" },
  { 1, "other" },
};

static void
test_closes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
      const DuplexPumpEnd       client = { .code_received = codes[i].code, .code_sent = 1011 };
      const DuplexPumpEnd       backend = { .code_received = 1012, .code_sent = codes[i].code };
      g_autofree char          *received = NULL;
      g_autofree char          *sent = NULL;

      duplex_metrics_closed (metrics, &client, &backend);
      duplex_metrics_closed (metrics, &client, NULL);
      received = g_strdup_printf ("duplex_relay_closes_total{from=\"client\",code=\"%s\"}",
                                  codes[i].label);
      sent = g_strdup_printf ("duplex_relay_closes_sent_total{to=\"backend\",code=\"%s\"}",
                              codes[i].label);
      {
        g_auto (Metrics) read = read_all (metrics);

        g_assert_cmpfloat (value_of (&read, received), ==, 2);
        g_assert_cmpfloat (value_of (&read, sent), ==, 1);
        g_assert_cmpfloat (
          value_of (&read, "duplex_relay_closes_total{from=\"backend\",code=\"1012\"}"), ==, 1);
        g_assert_cmpfloat (
          value_of (&read, "duplex_relay_closes_sent_total{to=\"client\",code=\"1011\"}"), ==, 2);
      }
    }
}

static void
test_refusals (void)
{
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();

  for (guint reason = 0; reason < DUPLEX_N_REFUSALS; reason++)
    for (guint n = 0; n <= reason; n++)
      duplex_metrics_refused (metrics, reason);
  {
    g_auto (Metrics) read = read_all (metrics);

    for (guint reason = 0; reason < DUPLEX_N_REFUSALS; reason++)
      {
        g_autofree char *key = g_strdup_printf ("duplex_relay_refusals_total{reason=\"%s\"}",
                                                duplex_refusal_get_name (reason));

        g_assert_cmpfloat (value_of (&read, key), ==, reason + 1);
      }
  }
}

static void
test_workers (void)
{
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
  DuplexPumpStats          *one = duplex_metrics_add_worker (metrics);
  DuplexPumpStats          *two = duplex_metrics_add_worker (metrics);

  duplex_pump_stats_count (&one->n_messages[DUPLEX_ROLE_CLIENT], 1);
  duplex_pump_stats_count (&two->n_messages[DUPLEX_ROLE_CLIENT], 2);
  duplex_pump_stats_count (&two->n_messages[DUPLEX_ROLE_SERVER], 4);
  duplex_pump_stats_count (&one->n_bytes[DUPLEX_ROLE_SERVER], G_GUINT64_CONSTANT (1) << 40);
  duplex_pump_stats_count (&two->n_bytes[DUPLEX_ROLE_SERVER], 5);
  duplex_pump_stats_count (&one->n_late[DUPLEX_ROLE_CLIENT], 9);
  {
    g_auto (Metrics) read = read_all (metrics);

    g_assert_cmpfloat (value_of (&read, "duplex_relay_messages_total{from=\"client\"}"), ==, 3);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_messages_total{from=\"backend\"}"), ==, 4);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_bytes_total{from=\"client\"}"), ==, 0);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_bytes_total{from=\"backend\"}"), ==,
                       1099511627781.0);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_late_bytes_total{from=\"client\"}"), ==, 9);
  }
}

/* A time is in the first bucket that it is not above, and in each one behind. */
static void
check_histogram (const Metrics *read,
                 const char    *name,
                 guint64        unit_us,
                 guint          n_buckets,
                 guint64        time_us)
{
  g_autofree char *inf = g_strdup_printf ("%s_bucket{le=\"+Inf\"}", name);
  g_autofree char *sum = g_strdup_printf ("%s_sum", name);
  g_autofree char *count = g_strdup_printf ("%s_count", name);

  for (guint i = 0; i + 1 < n_buckets; i++)
    {
      guint64          bound = unit_us << i;
      g_autofree char *key = g_strdup_printf (
        "%s_bucket{le=\"%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT "\"}", name,
        bound / G_USEC_PER_SEC, bound % G_USEC_PER_SEC);

      g_assert_cmpfloat (value_of (read, key), ==, time_us < bound ? 1 : 0);
    }
  g_assert_cmpfloat (value_of (read, inf), ==, 1);
  g_assert_cmpfloat (value_of (read, count), ==, 1);
  g_assert_cmpfloat_with_epsilon (value_of (read, sum), (double)time_us / G_USEC_PER_SEC, 1e-9);
}

static void
test_histograms (void)
{
  static const guint64 times[] = { 0, 3, 4, 124, 125, 999,
                                   524288, 1048575, 1048576, 30 * 1000000, 32768000 - 1, 32768000,
                                   G_GUINT64_CONSTANT (3600000000) };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();

      duplex_pump_stats_wait (duplex_metrics_add_worker (metrics), (gint64)times[i]);
      duplex_metrics_opened (metrics, (gint64)times[i]);
      {
        g_auto (Metrics) read = read_all (metrics);

        check_histogram (&read, "duplex_relay_forward_seconds", 4, DUPLEX_PUMP_BUCKETS, times[i]);
        check_histogram (&read, "duplex_relay_open_seconds", 125, 19, times[i]);
      }
    }
}

/* What the process says of itself is what the system says of it. */
static void
test_process (void)
{
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
  g_auto (Metrics)          read = read_all (metrics);
  struct rusage             usage;
  int                       fd;

  getrusage (RUSAGE_SELF, &usage);
  g_assert_cmpfloat (value_of (&read, "process_resident_memory_bytes"), >, 100e3);
  g_assert_cmpfloat (value_of (&read, "process_resident_memory_bytes"), <=,
                     (double)usage.ru_maxrss * 1024 * 1.25);
  g_assert_cmpfloat (value_of (&read, "process_cpu_seconds_total"), >, 0);
  g_assert_cmpfloat_with_epsilon (value_of (&read, "duplex_relay_start_time_seconds"),
                                  (double)g_get_real_time () / G_USEC_PER_SEC, 60);
  fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  {
    g_auto (Metrics) again = read_all (metrics);

    g_assert_cmpfloat (value_of (&again, "process_open_fds"), ==,
                       value_of (&read, "process_open_fds") + 1);
    g_assert_cmpfloat (value_of (&again, "process_open_fds"), <,
                       value_of (&again, "process_max_fds"));
    g_assert_cmpfloat (value_of (&again, "process_cpu_seconds_total"), >=,
                       value_of (&read, "process_cpu_seconds_total"));
  }
  close (fd);
}

#define THREADS 4
#define ROUNDS  5000

static gpointer
work (gpointer data)
{
  DuplexMetrics      *metrics = data;
  DuplexPumpStats    *stats = duplex_metrics_add_worker (metrics);
  const DuplexPumpEnd end = { .code_received = 4000, .code_sent = 1000 };

  for (guint i = 0; i < ROUNDS; i++)
    {
      duplex_metrics_accepted (metrics);
      duplex_metrics_opened (metrics, i);
      duplex_pump_stats_count (&stats->n_messages[DUPLEX_ROLE_CLIENT], 1);
      duplex_metrics_closed (metrics, &end, &end);
      duplex_metrics_refused (metrics, DUPLEX_REFUSAL_LIMIT);
      duplex_metrics_gone (metrics);
    }
  return NULL;
}

/* Nothing is lost between threads, and what is read meanwhile never contradicts itself. */
static void
test_threads (void)
{
  g_autoptr (DuplexMetrics) metrics = duplex_metrics_new ();
  GThread                  *threads[THREADS];
  double                    last = 0;

  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("worker", work, metrics);
  while (last < THREADS * ROUNDS)
    {
      g_auto (Metrics) read = read_all (metrics);
      double           total = value_of (&read, "duplex_relay_messages_total{from=\"client\"}");

      g_assert_cmpfloat (total, >=, last);
      g_assert_cmpfloat (value_of (&read, "duplex_relay_open_seconds_count"), ==,
                         value_of (&read, "duplex_relay_open_seconds_bucket{le=\"+Inf\"}"));
      last = total;
    }
  for (guint i = 0; i < THREADS; i++)
    g_thread_join (threads[i]);
  {
    g_auto (Metrics) read = read_all (metrics);

    g_assert_cmpfloat (value_of (&read, "duplex_relay_clients"), ==, 0);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_open_connections"), ==, 0);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_connections_total"), ==, THREADS * ROUNDS);
    g_assert_cmpfloat (
      value_of (&read, "duplex_relay_closes_total{from=\"backend\",code=\"4xxx\"}"), ==,
      THREADS * ROUNDS);
    g_assert_cmpfloat (value_of (&read, "duplex_relay_refusals_total{reason=\"limit\"}"), ==,
                       THREADS * ROUNDS);
  }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/metrics/begin", test_begin);
  g_test_add_func ("/relay/metrics/connections", test_connections);
  g_test_add_func ("/relay/metrics/closes", test_closes);
  g_test_add_func ("/relay/metrics/refusals", test_refusals);
  g_test_add_func ("/relay/metrics/workers", test_workers);
  g_test_add_func ("/relay/metrics/histograms", test_histograms);
  g_test_add_func ("/relay/metrics/process", test_process);
  g_test_add_func ("/relay/metrics/threads", test_threads);
  return g_test_run ();
}
