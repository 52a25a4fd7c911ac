/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture.h"

#include "duplex-model-support.h"

/* Of the header: at most 20 batches a second. */
#define INTERVAL_US 50000

static void
append_text (DuplexCapture *capture,
             const char    *text)
{
  DuplexEvent event = duplex_test_text (text);

  duplex_capture_append (capture, &event);
}

static void
count_cb (DuplexCapture *capture,
          guint         *count)
{
  *count += 1;
}

static gboolean
is_nonzero (gpointer data)
{
  return *(guint *)data > 0;
}

static void
test_publish (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  GListModel               *model = G_LIST_MODEL (capture);
  g_autoptr (GString)       log = duplex_test_log_items (model);
  DuplexEvent               fragment = duplex_test_text ("part");
  guint                     n_published = 0;

  g_signal_connect (capture, "published", G_CALLBACK (count_cb), &n_published);
  g_assert_true (g_list_model_get_item_type (model) == DUPLEX_TYPE_ROW);

  duplex_capture_publish (capture);
  g_assert_cmpuint (n_published, ==, 0);

  append_text (capture, "1");
  append_text (capture, "2");
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);
  g_assert_null (g_list_model_get_item (model, 0));

  duplex_capture_publish (capture);
  g_assert_cmpstr (log->str, ==, "0-0+2 ");
  g_assert_cmpuint (n_published, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 2);

  /* Totals changed, the list did not. */
  fragment.flags = 0;
  duplex_capture_append (capture, &fragment);
  duplex_capture_publish (capture);
  g_assert_cmpstr (log->str, ==, "0-0+2 ");
  g_assert_cmpuint (n_published, ==, 2);

  append_text (capture, "3");
  duplex_capture_publish (capture);
  duplex_capture_publish (capture);
  g_assert_cmpstr (log->str, ==, "0-0+2 2-0+1 ");
  g_assert_cmpuint (n_published, ==, 3);

  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
test_items (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  GListModel               *model = G_LIST_MODEL (capture);
  DuplexEvent               fragment = duplex_test_text ("part");

  fragment.flags = 0;
  for (guint i = 0; i < 5000; i++)
    {
      g_autofree char *text = g_strdup_printf ("row %u", i);

      duplex_capture_append (capture, &fragment);
      append_text (capture, text);
    }
  duplex_capture_publish (capture);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 5000);

  for (guint i = 0; i < 5000; i += 7)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (model, i);
      g_autoptr (GBytes)    payload = duplex_row_dup_payload (row, 100, NULL);
      g_autofree char      *text = g_strdup_printf ("row %u", i);

      g_assert_cmpuint (duplex_row_get_position (row), ==, i);
      g_assert_true (duplex_row_get_capture (row) == capture);
      g_assert_cmpuint (duplex_row_get_event (row)->number, ==, 2 * i + 1);
      duplex_test_assert_bytes (payload, text);
    }

  g_assert_null (g_list_model_get_item (model, 5000));
  g_assert_null (g_list_model_get_item (model, G_MAXUINT));
  g_assert_finalize_object (g_steal_pointer (&capture));
}

/* A row is one object while someone has it, and is forgotten then. */
static void
test_item_identity (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  GListModel               *model = G_LIST_MODEL (capture);
  DuplexRow                *row;
  DuplexRow                *again;

  append_text (capture, "1");
  append_text (capture, "2");
  duplex_capture_publish (capture);

  row = g_list_model_get_item (model, 1);
  again = g_list_model_get_item (model, 1);
  g_assert_true (row == again);
  g_object_unref (again);

  /* After a clear the position is another row's. */
  duplex_capture_clear (capture);
  append_text (capture, "3");
  append_text (capture, "4");
  duplex_capture_publish (capture);
  again = g_list_model_get_item (model, 1);
  g_assert_true (row != again);

  /* The old one must not take the new one with it. */
  g_assert_finalize_object (row);
  row = g_list_model_get_item (model, 1);
  g_assert_true (row == again);
  g_object_unref (again);
  g_assert_finalize_object (row);

  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
test_clear (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  GListModel               *model = G_LIST_MODEL (capture);
  g_autoptr (GString)       log = duplex_test_log_items (model);
  guint                     n_published = 0;

  append_text (capture, "1");
  append_text (capture, "2");
  duplex_capture_publish (capture);
  append_text (capture, "never seen");
  g_signal_connect (capture, "published", G_CALLBACK (count_cb), &n_published);
  duplex_capture_clear (capture);
  g_assert_cmpstr (log->str, ==, "0-0+2 0-2+0 ");
  g_assert_cmpuint (n_published, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, 0);

  duplex_capture_publish (capture);
  g_assert_cmpstr (log->str, ==, "0-0+2 0-2+0 ");
  append_text (capture, "3");
  duplex_capture_publish (capture);
  g_assert_cmpstr (log->str, ==, "0-0+2 0-2+0 0-0+1 ");

  g_assert_finalize_object (g_steal_pointer (&capture));
}

/* The first batch does not wait for the interval. */
static void
test_source_prompt (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();

  append_text (capture, "1");
  g_main_context_iteration (NULL, /* may_block= */ FALSE);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (capture)), ==, 1);

  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
test_source_waits (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  gint64                    start = g_get_monotonic_time ();
  guint                     n_published = 0;

  append_text (capture, "1");
  duplex_capture_publish (capture);
  append_text (capture, "2");
  append_text (capture, "3");
  g_signal_connect (capture, "published", G_CALLBACK (count_cb), &n_published);
  duplex_test_wait (NULL, is_nonzero, &n_published, "the second batch");

  g_assert_cmpint (g_get_monotonic_time () - start, >=, INTERVAL_US);
  g_assert_cmpuint (n_published, ==, 1);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (capture)), ==, 3);
  g_assert_finalize_object (g_steal_pointer (&capture));
}

typedef struct
{
  DuplexCapture *capture;
  gint           stop;
  guint64        n_appended;
} Flood;

static gpointer
flood_worker (gpointer data)
{
  Flood *flood = data;

  while (!g_atomic_int_get (&flood->stop))
    {
      append_text (flood->capture, "flood");
      flood->n_appended++;
    }

  return NULL;
}

typedef struct
{
  guint  n_published;
  guint  n_wanted;
  gint64 start;
} Rate;

static gboolean
has_enough (gpointer data)
{
  Rate *rate = data;

  return rate->n_published >= rate->n_wanted;
}

/* Under a flood from another thread: no more than 20 batches a second, each row once and in
 * order. */
static void
test_rate (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  Flood                     flood = { .capture = capture };
  Rate                      rate = { .n_wanted = 12, .start = g_get_monotonic_time () };
  DuplexTotals              totals;
  GThread                  *thread;
  gint64                    elapsed;

  g_signal_connect (capture, "published", G_CALLBACK (count_cb), &rate.n_published);
  thread = g_thread_new ("flood", flood_worker, &flood);
  duplex_test_wait (NULL, has_enough, &rate, "twelve batches of a flood");
  elapsed = g_get_monotonic_time () - rate.start;
  g_atomic_int_set (&flood.stop, TRUE);
  g_thread_join (thread);

  g_test_message ("%u batches in %" G_GINT64_FORMAT " ms", rate.n_published, elapsed / 1000);
  g_assert_cmpint (rate.n_published, <=, elapsed / INTERVAL_US + 1);

  duplex_capture_publish (capture);
  duplex_capture_get_totals (capture, &totals);
  g_assert_cmpuint (totals.rows, ==, flood.n_appended);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (capture)), ==, flood.n_appended);
  g_assert_finalize_object (g_steal_pointer (&capture));
}

static void
take_long_cb (DuplexCapture *capture,
              Rate          *rate)
{
  gint64 end = g_get_monotonic_time () + 2 * INTERVAL_US;

  rate->n_published++;
  while (g_get_monotonic_time () < end)
    continue;
}

static gboolean
count_idle_cb (gpointer data)
{
  guint *count = data;

  *count += 1;

  return G_SOURCE_CONTINUE;
}

/* Showing a batch takes longer than the interval, and what draws has a lower priority: it still has
 * its turn between any two batches. */
static void
test_slow_to_show (void)
{
  g_autoptr (DuplexCapture) capture = duplex_capture_new ();
  Flood                     flood = { .capture = capture };
  Rate                      rate = { 0 };
  guint                     n_idle = 0;
  guint                     idle;
  GThread                  *thread;

  idle = g_idle_add_full (G_PRIORITY_LOW, count_idle_cb, &n_idle, NULL);
  g_signal_connect (capture, "published", G_CALLBACK (take_long_cb), &rate);
  thread = g_thread_new ("flood", flood_worker, &flood);
  for (rate.n_wanted = 1; rate.n_wanted <= 4; rate.n_wanted++)
    {
      guint before = n_idle;

      duplex_test_wait (NULL, has_enough, &rate, "the next batch of a flood");
      if (rate.n_wanted > 1)
        g_assert_cmpuint (n_idle, >, before);
    }
  g_atomic_int_set (&flood.stop, TRUE);
  g_thread_join (thread);
  g_source_remove (idle);
  g_assert_finalize_object (g_steal_pointer (&capture));
}

/* The signals come in the context that was the maker's thread default, and in no other. */
static void
test_other_context (void)
{
  g_autoptr (GMainContext)  context = g_main_context_new ();
  g_autoptr (DuplexCapture) capture = NULL;
  guint                     n_published = 0;

  g_main_context_push_thread_default (context);
  capture = duplex_capture_new ();
  g_main_context_pop_thread_default (context);
  g_signal_connect (capture, "published", G_CALLBACK (count_cb), &n_published);

  append_text (capture, "1");
  while (g_main_context_iteration (NULL, /* may_block= */ FALSE))
    continue;
  g_assert_cmpuint (n_published, ==, 0);
  duplex_test_wait (context, is_nonzero, &n_published, "a batch in the other context");

  g_assert_finalize_object (g_steal_pointer (&capture));
}

/* A batch that is due does not keep the capture, and does not come any more. */
static void
test_finalize_with_batch_due (void)
{
  DuplexCapture *capture = duplex_capture_new ();
  guint          n_published = 0;

  g_signal_connect (capture, "published", G_CALLBACK (count_cb), &n_published);
  append_text (capture, "1");
  g_assert_finalize_object (capture);
  while (g_main_context_iteration (NULL, /* may_block= */ FALSE))
    continue;
  g_assert_cmpuint (n_published, ==, 0);
}

static void
drop_cb (DuplexCapture  *capture,
         DuplexCapture **reference)
{
  g_clear_object (reference);
}

/* The last reference may go in the signal. */
static void
test_drop_in_signal (void)
{
  DuplexCapture *capture = duplex_capture_new ();
  DuplexCapture *watched = capture;

  g_object_add_weak_pointer (G_OBJECT (capture), (gpointer *)&watched);
  g_signal_connect (capture, "published", G_CALLBACK (drop_cb), &capture);
  append_text (capture, "1");
  g_main_context_iteration (NULL, /* may_block= */ FALSE);
  g_assert_null (capture);
  g_assert_null (watched);
}

static void
test_row_keeps_capture (void)
{
  DuplexCapture *capture = duplex_capture_new ();
  DuplexRow     *row;

  append_text (capture, "1");
  duplex_capture_publish (capture);
  row = g_list_model_get_item (G_LIST_MODEL (capture), 0);
  g_object_unref (capture);
  g_assert_true (duplex_row_get_capture (row) == capture);
  g_object_ref (capture);
  g_assert_finalize_object (row);
  g_assert_finalize_object (capture);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/capture-list/publish", test_publish);
  g_test_add_func ("/core/capture-list/items", test_items);
  g_test_add_func ("/core/capture-list/item-identity", test_item_identity);
  g_test_add_func ("/core/capture-list/clear", test_clear);
  g_test_add_func ("/core/capture-list/source/prompt", test_source_prompt);
  g_test_add_func ("/core/capture-list/source/waits", test_source_waits);
  g_test_add_func ("/core/capture-list/source/rate", test_rate);
  g_test_add_func ("/core/capture-list/source/slow-to-show", test_slow_to_show);
  g_test_add_func ("/core/capture-list/source/other-context", test_other_context);
  g_test_add_func ("/core/capture-list/source/finalize", test_finalize_with_batch_due);
  g_test_add_func ("/core/capture-list/drop-in-signal", test_drop_in_signal);
  g_test_add_func ("/core/capture-list/row-keeps-capture", test_row_keeps_capture);

  return g_test_run ();
}
