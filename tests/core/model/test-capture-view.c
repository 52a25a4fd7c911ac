/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-view.h"

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

/* Rows that say their number; every third is called "fizz" too. */
static void
append_rows (DuplexCapture *capture,
             guint          first,
             guint          n)
{
  for (guint i = first; i < first + n; i++)
    {
      char text[64];

      g_snprintf (text, sizeof text, "%s row %u", i % 3 == 0 ? "fizz" : "plain", i);
      append_text (capture, text);
    }
}

static DuplexCaptureView *
new_view (DuplexCapture *capture,
          const char    *expression)
{
  g_autoptr (GError)       error = NULL;
  g_autoptr (DuplexFilter) filter = duplex_filter_parse (expression, NULL, &error);

  g_assert_no_error (error);

  return duplex_capture_view_new (capture, filter);
}

static gboolean
is_idle (gpointer view)
{
  return !duplex_capture_view_get_busy (view);
}

static void
wait_idle (DuplexCaptureView *view)
{
  duplex_test_wait (NULL, is_idle, view, "the view has looked at all rows");
  g_assert_cmpfloat (duplex_capture_view_get_progress (view), ==, 1);
}

static gboolean
is_gone (gpointer pointer)
{
  return *(gpointer *)pointer == NULL;
}

/* Drops the view and the capture, whose thread may still be at work. */
static void
drop (DuplexCaptureView *view,
      DuplexCapture     *capture)
{
  gpointer alive = capture;

  g_object_add_weak_pointer (G_OBJECT (capture), &alive);
  g_assert_finalize_object (view);
  g_object_unref (capture);
  duplex_test_wait (NULL, is_gone, &alive, "the thread let go of the capture");
}

static void
assert_rows (DuplexCaptureView *view,
             guint              first,
             guint              step,
             guint              n)
{
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (view)), ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpuint (duplex_capture_view_get_row (view, i), ==, first + i * step);
}

static void
test_matches (void)
{
  DuplexCapture         *capture = duplex_capture_new ();
  GListModel            *model;
  DuplexCaptureView     *view;
  g_autoptr (GListModel) row = NULL;
  g_autoptr (GListModel) same = NULL;

  append_rows (capture, 0, 10);
  duplex_capture_publish (capture);
  view = new_view (capture, "\"fizz\"");
  model = G_LIST_MODEL (view);
  g_assert_true (duplex_capture_view_get_busy (view));
  g_assert_true (g_list_model_get_item_type (model) == DUPLEX_TYPE_ROW);

  wait_idle (view);
  assert_rows (view, 0, 3, 4);
  g_assert_false (duplex_filter_is_empty (duplex_capture_view_get_filter (view)));

  /* The capture's own objects. */
  row = g_list_model_get_item (model, 2);
  same = g_list_model_get_item (G_LIST_MODEL (capture), 6);
  g_assert_true (row == same);
  g_assert_null (g_list_model_get_item (model, 4));
  g_clear_object (&row);
  g_clear_object (&same);

  drop (view, capture);
}

static void
test_find (void)
{
  static const struct
  {
    guint64 row;
    guint   position;
  } cases[] = {
    { 0, 0 },
    { 1, 1 },
    { 3, 1 },
    { 4, 2 },
    { 9, 3 },
    { 10, 4 },
    { G_MAXUINT64, 4 },
  };
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *view;

  append_rows (capture, 0, 12);
  duplex_capture_publish (capture);
  view = new_view (capture, "\"fizz\"");
  g_assert_cmpuint (duplex_capture_view_find (view, 0), ==, 0);
  wait_idle (view);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (duplex_capture_view_find (view, cases[i].row), ==, cases[i].position);

  drop (view, capture);
}

static void
test_empty (void)
{
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *view = new_view (capture, "received");
  gboolean           busy;
  double             progress;

  g_object_get (view, "busy", &busy, "progress", &progress, NULL);
  g_assert_false (busy);
  g_assert_cmpfloat (progress, ==, 1);
  assert_rows (view, 0, 1, 0);

  /* What is not visible in the capture is not in the view either. */
  append_rows (capture, 0, 3);
  g_assert_false (duplex_capture_view_get_busy (view));
  duplex_capture_publish (capture);
  g_assert_true (duplex_capture_view_get_busy (view));
  wait_idle (view);
  assert_rows (view, 0, 1, 3);

  drop (view, capture);
}

/* Rows are counted by their ends, whatever stands between. */
static void
test_fragments (void)
{
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *view;

  for (guint i = 0; i < 1000; i++)
    {
      DuplexTestMessage message = { .message = i + 1,
                                    .first = DUPLEX_EVENT_FIRST_IS_SELF,
                                    .direction = DUPLEX_DIRECTION_SENT,
                                    .connection = 1,
                                    .opcode = DUPLEX_OPCODE_TEXT };

      duplex_test_append_frame (capture, &message, "fi", FALSE);
      duplex_test_append_ping (capture, "ping");
      duplex_test_append_frame (capture, &message, i % 2 == 0 ? "zz" : "nd", TRUE);
    }
  duplex_capture_publish (capture);
  view = new_view (capture, "\"fizz\" and frames == 2");
  wait_idle (view);
  assert_rows (view, 1, 4, 500);

  drop (view, capture);
}

/* Many rows, in batches that leave the owner's thread its time. */

typedef struct
{
  guint  n_batches;
  guint  n_items;
  gint64 started_at;
  double progress;
} Batches;

static void
count_batch_cb (GListModel *model,
                guint       position,
                guint       removed,
                guint       added,
                Batches    *batches)
{
  DuplexCaptureView *view = DUPLEX_CAPTURE_VIEW (model);
  gint64             elapsed = g_get_monotonic_time () - batches->started_at;

  g_assert_cmpuint (position, ==, batches->n_items);
  g_assert_cmpuint (removed, ==, 0);
  batches->n_items += added;
  batches->n_batches++;
  g_assert_cmpuint (batches->n_batches, <=, 1 + elapsed / INTERVAL_US);
  g_assert_cmpuint (g_list_model_get_n_items (model), ==, batches->n_items);
  g_assert_cmpfloat (duplex_capture_view_get_progress (view), >=, batches->progress);
  batches->progress = duplex_capture_view_get_progress (view);
}

static void
test_many (void)
{
  const guint        n = 200000;
  DuplexCapture     *capture = duplex_capture_new ();
  Batches            batches = { 0 };
  DuplexCaptureView *view;

  append_rows (capture, 0, n);
  duplex_capture_publish (capture);
  batches.started_at = g_get_monotonic_time ();
  view = new_view (capture, "/fi[xyz]{2} row [0-9]+$/");
  g_signal_connect (view, "items-changed", G_CALLBACK (count_batch_cb), &batches);
  wait_idle (view);
  assert_rows (view, 0, 3, (n + 2) / 3);
  g_assert_cmpuint (batches.n_items, ==, (n + 2) / 3);

  drop (view, capture);
}

static gpointer
append_worker (gpointer capture)
{
  for (guint i = 0; i < 100; i++)
    {
      append_rows (capture, i * 500, 500);
      g_thread_yield ();
    }

  return NULL;
}

static gboolean
has_all_rows (gpointer capture)
{
  return g_list_model_get_n_items (capture) == 50000;
}

static void
test_live (void)
{
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *views[3];
  GThread           *thread;

  views[0] = new_view (capture, "\"fizz\"");
  views[1] = new_view (capture, "not \"fizz\" and received");
  thread = g_thread_new ("append", append_worker, capture);
  views[2] = new_view (capture, "event >= 100 and event < 200");
  duplex_test_wait (NULL, has_all_rows, capture, "all rows are visible");
  g_thread_join (thread);

  for (guint i = 0; i < G_N_ELEMENTS (views); i++)
    wait_idle (views[i]);
  assert_rows (views[0], 0, 3, 16667);
  assert_rows (views[2], 100, 1, 100);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (views[1])), ==, 33333);
  for (guint i = 0; i < 33333; i++)
    g_assert_cmpuint (duplex_capture_view_get_row (views[1], i), ==, i / 2 * 3 + 1 + i % 2);

  g_assert_finalize_object (views[0]);
  g_assert_finalize_object (views[1]);
  drop (views[2], capture);
}

static gboolean
has_some (gpointer view)
{
  return g_list_model_get_n_items (view) > 0;
}

static void
test_clear (void)
{
  DuplexCapture      *capture = duplex_capture_new ();
  g_autoptr (GString) log = NULL;
  g_autofree char    *expected = NULL;
  DuplexCaptureView  *view;
  guint               n;

  append_rows (capture, 0, 150000);
  duplex_capture_publish (capture);
  view = new_view (capture, "/fizz row [0-9]+$/");
  duplex_test_wait (NULL, has_some, view, "the first matches");
  n = g_list_model_get_n_items (G_LIST_MODEL (view));

  log = duplex_test_log_items (G_LIST_MODEL (view));
  duplex_capture_clear (capture);
  expected = g_strdup_printf ("0-%u+0 ", n);
  g_assert_cmpstr (log->str, ==, expected);
  assert_rows (view, 0, 3, 0);
  g_assert_false (duplex_capture_view_get_busy (view));

  /* Rows count from 0 again, though events do not. */
  append_rows (capture, 1, 9);
  duplex_capture_publish (capture);
  wait_idle (view);
  assert_rows (view, 2, 3, 3);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DuplexRow) row = g_list_model_get_item (G_LIST_MODEL (view), i);

      g_assert_cmpuint (duplex_row_get_position (row), ==, 2 + 3 * i);
    }

  drop (view, capture);
}

/* Again and again while the thread is in the middle of it. */
static void
test_clear_often (void)
{
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *view = new_view (capture, "\"fizz\"");

  for (guint i = 0; i < 200; i++)
    {
      append_rows (capture, i, 300 + i * 10);
      duplex_capture_publish (capture);
      if (i % 3 == 0)
        g_main_context_iteration (NULL, FALSE);
      if (i < 199)
        duplex_capture_clear (capture);
    }
  wait_idle (view);
  assert_rows (view, 2, 3, (300 + 1990) / 3);

  drop (view, capture);
}

static void
test_cancel (void)
{
  DuplexCapture      *capture = duplex_capture_new ();
  g_autoptr (GString) log = NULL;
  DuplexCaptureView  *view;
  guint               n;

  append_rows (capture, 0, 200000);
  duplex_capture_publish (capture);
  view = new_view (capture, "/fizz.*([0-9]+)+ *x?$/");
  duplex_test_wait (NULL, has_some, view, "the first matches");
  duplex_capture_view_cancel (view);
  duplex_capture_view_cancel (view);
  g_assert_false (duplex_capture_view_get_busy (view));
  n = g_list_model_get_n_items (G_LIST_MODEL (view));
  assert_rows (view, 0, 3, n);

  /* Nothing comes any more. */
  log = duplex_test_log_items (G_LIST_MODEL (view));
  append_rows (capture, 200000, 10);
  duplex_capture_publish (capture);
  g_assert_false (duplex_capture_view_get_busy (view));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_rows (view, 0, 3, n);
  g_assert_cmpstr (log->str, ==, "");

  drop (view, capture);
}

/* Rows for which a regular expression takes as long as it may. */
static void
test_drop_at_work (void)
{
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *view;
  gint64             start;

  for (guint i = 0; i < 1000; i++)
    append_text (capture, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac!");
  duplex_capture_publish (capture);
  for (guint i = 0; i < 20; i++)
    {
      view = new_view (capture, "/(a+)+c$/");
      start = g_get_monotonic_time ();
      if (i % 2 == 0)
        duplex_capture_view_cancel (view);
      g_assert_finalize_object (view);
      /* The thousand rows would take ten seconds and more. */
      g_assert_cmpint (g_get_monotonic_time () - start, <, G_USEC_PER_SEC);
    }

  drop (new_view (capture, "/(a+)+c$/"), capture);
}

/* An items-changed handler may drop the view. */
static void
drop_cb (GListModel         *model,
         guint               position,
         guint               removed,
         guint               added,
         DuplexCaptureView **view)
{
  g_clear_object (view);
}

static void
test_drop_in_handler (void)
{
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *view;
  gpointer           alive = capture;

  append_rows (capture, 0, 100);
  duplex_capture_publish (capture);
  view = new_view (capture, "\"fizz\"");
  g_signal_connect (view, "items-changed", G_CALLBACK (drop_cb), &view);
  duplex_test_wait (NULL, is_gone, &view, "the view was dropped by its handler");

  g_object_add_weak_pointer (G_OBJECT (capture), &alive);
  g_object_unref (capture);
  duplex_test_wait (NULL, is_gone, &alive, "the thread let go of the capture");
}

/* What was forgotten keeps its row numbers and matches nothing. */
static void
test_forgotten (void)
{
  DuplexCapture     *capture = duplex_capture_new ();
  DuplexCaptureView *view;
  guint64            first;

  append_rows (capture, 0, 30000);
  duplex_capture_publish (capture);
  duplex_capture_drop_before (capture, 20000);
  view = new_view (capture, "event >= 0");
  wait_idle (view);

  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (view)), >, 0);
  first = duplex_capture_view_get_row (view, 0);
  g_assert_cmpuint (first, >, 10000);
  g_assert_cmpuint (first, <=, 20000);
  assert_rows (view, (guint)first, 1, 30000 - (guint)first);

  drop (view, capture);
}

/* All comes to the thread that made the view, by the context that was its thread default. */
static void
test_context (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  DuplexCapture           *capture;
  DuplexCaptureView       *view;

  g_main_context_push_thread_default (context);
  capture = duplex_capture_new ();
  append_rows (capture, 0, 10);
  duplex_capture_publish (capture);
  view = new_view (capture, "\"fizz\"");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  assert_rows (view, 0, 3, 0);
  duplex_test_wait (context, is_idle, view, "the view has looked at all rows");
  assert_rows (view, 0, 3, 4);

  g_assert_finalize_object (view);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_finalize_object (capture);
  g_main_context_pop_thread_default (context);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/capture-view/matches", test_matches);
  g_test_add_func ("/core/capture-view/find", test_find);
  g_test_add_func ("/core/capture-view/empty", test_empty);
  g_test_add_func ("/core/capture-view/fragments", test_fragments);
  g_test_add_func ("/core/capture-view/many", test_many);
  g_test_add_func ("/core/capture-view/live", test_live);
  g_test_add_func ("/core/capture-view/clear", test_clear);
  g_test_add_func ("/core/capture-view/clear-often", test_clear_often);
  g_test_add_func ("/core/capture-view/cancel", test_cancel);
  g_test_add_func ("/core/capture-view/drop-at-work", test_drop_at_work);
  g_test_add_func ("/core/capture-view/drop-in-handler", test_drop_in_handler);
  g_test_add_func ("/core/capture-view/forgotten", test_forgotten);
  g_test_add_func ("/core/capture-view/context", test_context);

  return g_test_run ();
}
