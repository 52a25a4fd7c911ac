/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lookups of names, with a system that answers for some of them only when it is told to. */
/* RTLD_NEXT, EAI_NODATA */
#define _GNU_SOURCE

#include "core/io/duplex-lookup.h"

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

#include "core/proto/duplex-limits.h"

#define DEADLINE_S 10
/* What one asker alone may hold of so many: half of the rest. */
#define SHARE_OF(n) (((n) + 2) / 3)
#define SHARE       SHARE_OF (DUPLEX_LIMIT_LOOKUPS)

/* ---- the system ---- */

typedef int (*GetAddrInfo) (const char            *name,
                            const char            *service,
                            const struct addrinfo *hints,
                            struct addrinfo      **ret_first);

static struct
{
  GMutex      mutex;
  GCond       changed;
  GString    *asked; /* names, each with a space behind it */
  guint       n_asked;
  guint       n_blocked; /* of mute names */
  const char *answered;  /* a mute name that is answered, or NULL */
  gboolean    released;  /* all are */
} fake;

/* The addresses of a name, or what is said instead of any. */
static const struct
{
  const char *name;
  const char *addresses[4];
  int         problem;
} answers[] = {
  { "one.test", { "192.0.2.1" }, 0 },
  { "xn--bcher-kva.test", { "192.0.2.2" }, 0 },
  { "many.test", { "2001:db8::1", "192.0.2.1", "2001:db8::1", "192.0.2.3" }, 0 },
  { "no.test", { NULL }, EAI_NONAME },
  { "nothing.test", { NULL }, EAI_NODATA },
  { "never.test", { NULL }, EAI_FAIL },
  { "later.test", { NULL }, EAI_AGAIN },
  { "memory.test", { NULL }, EAI_MEMORY },
};

static void
note_asked (const char *name)
{
  g_mutex_lock (&fake.mutex);
  g_string_append_printf (fake.asked, "%s ", name);
  fake.n_asked++;
  fake.n_blocked++;
  g_cond_broadcast (&fake.changed);
  while (g_str_has_prefix (name, "mute") && !fake.released &&
         g_strcmp0 (name, fake.answered) != 0)
    g_cond_wait (&fake.changed, &fake.mutex);
  fake.n_blocked--;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.mutex);
}

/* Takes the place of the C library's; addresses are read by that. */
int
getaddrinfo (const char            *name,
             const char            *service,
             const struct addrinfo *hints,
             struct addrinfo      **ret_first)
{
  GetAddrInfo       real = (GetAddrInfo)dlsym (RTLD_NEXT, "getaddrinfo");
  struct addrinfo   numeric = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
  struct addrinfo **end = ret_first;
  gsize             i = 0;

  if ((hints->ai_flags & AI_NUMERICHOST) != 0)
    return real (name, service, hints, ret_first);
  g_assert_cmpint (hints->ai_socktype, ==, SOCK_STREAM);
  g_assert_null (service);
  note_asked (name);
  while (i < G_N_ELEMENTS (answers) && !g_str_equal (answers[i].name, name))
    i++;
  if (i == G_N_ELEMENTS (answers))
    return real ("192.0.2.99", NULL, &numeric, ret_first);
  for (gsize k = 0; k < 4 && answers[i].addresses[k] != NULL; k++)
    {
      g_assert_cmpint (real (answers[i].addresses[k], NULL, &numeric, end), ==, 0);
      end = &(*end)->ai_next;
    }
  return answers[i].problem;
}

static void
reset (void)
{
  g_mutex_lock (&fake.mutex);
  if (fake.asked == NULL)
    fake.asked = g_string_new (NULL);
  g_string_truncate (fake.asked, 0);
  fake.n_asked = 0;
  fake.answered = NULL;
  fake.released = FALSE;
  g_mutex_unlock (&fake.mutex);
}

static void
release (void)
{
  g_mutex_lock (&fake.mutex);
  fake.released = TRUE;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.mutex);
}

static void
release_only (const char *name)
{
  g_mutex_lock (&fake.mutex);
  fake.answered = name;
  g_cond_broadcast (&fake.changed);
  g_mutex_unlock (&fake.mutex);
}

static void
wait_until_blocked (guint n)
{
  gint64 end = g_get_monotonic_time () + DEADLINE_S * G_USEC_PER_SEC;

  g_mutex_lock (&fake.mutex);
  while (fake.n_blocked != n)
    if (!g_cond_wait_until (&fake.changed, &fake.mutex, end))
      g_error ("%u names wait, not %u", fake.n_blocked, n);
  g_mutex_unlock (&fake.mutex);
}

static gboolean
was_asked (const char *name)
{
  g_autofree char *word = g_strdup_printf ("%s ", name);
  gboolean         found;

  g_mutex_lock (&fake.mutex);
  found = strstr (fake.asked->str, word) != NULL;
  g_mutex_unlock (&fake.mutex);
  return found;
}

/* ---- asking ---- */

typedef struct
{
  GCancellable *cancellable;
  GThread      *thread; /* that the answer came on, or NULL */
  char         *text;   /* addresses with spaces between, or NULL */
  GError       *error;
} Ask;

static void
looked_up_ready_cb (GObject      *object,
                    GAsyncResult *result,
                    gpointer      data)
{
  Ask                *ask = data;
  GList              *found = duplex_lookup_finish (result, &ask->error);
  g_autoptr (GString) text = g_string_new (NULL);

  ask->thread = g_thread_self ();
  for (GList *item = found; item != NULL; item = item->next)
    {
      g_autofree char *address = g_inet_address_to_string (item->data);

      g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", address);
    }
  g_assert_true ((found == NULL) == (ask->error != NULL));
  if (found != NULL)
    ask->text = g_strdup (text->str);
  g_resolver_free_addresses (found);
}

static Ask *
ask_new (const char *name,
         guint64     asker)
{
  Ask *ask = g_new0 (Ask, 1);

  ask->cancellable = g_cancellable_new ();
  duplex_lookup_async (name, asker, ask->cancellable, looked_up_ready_cb, ask);
  g_assert_null (ask->thread);
  return ask;
}

static void
ask_free (gpointer data)
{
  Ask *ask = data;

  g_assert_nonnull (ask->thread);
  g_object_unref (ask->cancellable); /* the thread may still have a task that has it */
  g_clear_error (&ask->error);
  g_free (ask->text);
  g_free (ask);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ask, ask_free)

static gboolean
late_cb (gpointer data)
{
  g_error ("no answer in time");
  return G_SOURCE_REMOVE;
}

static void
wait_for (Ask *ask)
{
  GMainContext       *context = g_main_context_get_thread_default ();
  g_autoptr (GSource) late = g_timeout_source_new_seconds (DEADLINE_S);

  g_source_set_callback (late, late_cb, NULL, NULL);
  g_source_attach (late, context);
  while (ask->thread == NULL)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (late);
  g_assert_true (ask->thread == g_thread_self ());
}

/* Names that nobody answers for before release(). */
static GPtrArray *
ask_mute (guint   n,
          guint64 asker)
{
  GPtrArray *asks = g_ptr_array_new_with_free_func (ask_free);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup_printf ("mute-%" G_GUINT64_FORMAT "-%u.test", asker, i);

      g_ptr_array_add (asks, ask_new (name, asker));
    }
  return asks;
}

static void
wait_for_all (GPtrArray *asks)
{
  for (guint i = 0; i < asks->len; i++)
    wait_for (g_ptr_array_index (asks, i));
}

/* ---- names ---- */

static void
test_known (void)
{
  static const struct
  {
    const char *name;
    const char *text; /* NULL: to be asked for */
  } cases[] = {
    { "192.0.2.1", "192.0.2.1" },
    { "2001:DB8::1", "2001:db8::1" },
    { "localhost", "::1 127.0.0.1" },
    { "LocalHost.", "::1 127.0.0.1" },
    { "a.b.localhost", "::1 127.0.0.1" },
    { "a.LOCALHOST.", "::1 127.0.0.1" },
    { ".localhost", "::1 127.0.0.1" },
    { "notlocalhost", NULL },
    { "localhost.test", NULL },
    { "localhost..", NULL },
    { "ocalhost", NULL },
    { ".", NULL },
    { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      GList *found = duplex_lookup_find_known (cases[i].name);

      g_assert_true ((found != NULL) == (cases[i].text != NULL));
      g_assert_true (duplex_lookup_is_localhost (cases[i].name) ==
                     (g_strcmp0 (cases[i].text, "::1 127.0.0.1") == 0));
      g_resolver_free_addresses (found);
      if (cases[i].text != NULL)
        {
          g_autoptr (Ask) ask = NULL;

          reset ();
          ask = ask_new (cases[i].name, 1);
          wait_for (ask);
          g_assert_cmpstr (ask->text, ==, cases[i].text);
          g_assert_cmpuint (fake.n_asked, ==, 0);
        }
    }
}

static void
test_answers (void)
{
  static const struct
  {
    const char *name;
    const char *text;
  } cases[] = {
    { "one.test", "192.0.2.1" },
    { "ONE.test", "192.0.2.1" },
    { "many.test", "2001:db8::1 192.0.2.1 192.0.2.3" },
    { "b\303\274cher.test", "192.0.2.2" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Ask) ask = NULL;

      reset ();
      ask = ask_new (cases[i].name, 1);
      wait_for (ask);
      g_assert_no_error (ask->error);
      g_assert_cmpstr (ask->text, ==, cases[i].text);
      g_assert_cmpuint (fake.n_asked, ==, 1);
    }
}

static void
test_problems (void)
{
  static const struct
  {
    const char    *name;
    GResolverError code;
    guint          n_asked;
  } cases[] = {
    { "no.test", G_RESOLVER_ERROR_NOT_FOUND, 1 },
    { "nothing.test", G_RESOLVER_ERROR_NOT_FOUND, 1 },
    { "never.test", G_RESOLVER_ERROR_NOT_FOUND, 1 },
    { "later.test", G_RESOLVER_ERROR_TEMPORARY_FAILURE, 1 },
    { "memory.test", G_RESOLVER_ERROR_INTERNAL, 1 },
    /* that inet_aton() would take for an address */
    { "127.1", G_RESOLVER_ERROR_NOT_FOUND, 0 },
    { "0x7f000001", G_RESOLVER_ERROR_NOT_FOUND, 0 },
    { "2130706433", G_RESOLVER_ERROR_NOT_FOUND, 0 },
    { "0177.0.0.1", G_RESOLVER_ERROR_NOT_FOUND, 0 },
    /* and what is no name at all */
    { "\303\303.test", G_RESOLVER_ERROR_NOT_FOUND, 0 },
  };
  g_autofree char *long_name = g_strnfill (255, 'a');
  g_autoptr (Ask)  too_long = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Ask) ask = NULL;

      reset ();
      ask = ask_new (cases[i].name, 1);
      wait_for (ask);
      g_assert_error (ask->error, G_RESOLVER_ERROR, (gint)cases[i].code);
      g_assert_nonnull (strstr (ask->error->message, cases[i].name));
      g_assert_cmpuint (fake.n_asked, ==, cases[i].n_asked);
    }
  reset ();
  too_long = ask_new (long_name, 1);
  wait_for (too_long);
  g_assert_error (too_long->error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_assert_cmpuint (fake.n_asked, ==, 0);
}

/* ---- several at a time ---- */

static void
test_coalesced (void)
{
  g_autoptr (GPtrArray) asks = g_ptr_array_new_with_free_func (ask_free);

  reset ();
  for (guint i = 0; i < 10; i++)
    g_ptr_array_add (asks, ask_new (i % 2 == 0 ? "mute-same.test" : "MUTE-same.TEST", i));
  wait_until_blocked (1);
  g_cancellable_cancel (((Ask *)g_ptr_array_index (asks, 0))->cancellable);
  wait_for (g_ptr_array_index (asks, 0));
  release ();
  wait_for_all (asks);
  for (guint i = 1; i < asks->len; i++)
    g_assert_cmpstr (((Ask *)g_ptr_array_index (asks, i))->text, ==, "192.0.2.99");
  g_assert_cmpuint (fake.n_asked, ==, 1);

  /* It is over, so that the next one asks again. */
  g_ptr_array_add (asks, ask_new ("mute-same.test", 1));
  wait_for_all (asks);
  g_assert_cmpuint (fake.n_asked, ==, 2);
}

/* However many names of one asker nobody answers for, others are. */
static void
test_share (void)
{
  g_autoptr (GPtrArray) mute = NULL;
  g_autoptr (GPtrArray) second = NULL;
  g_autoptr (Ask)       other = NULL;
  g_autoptr (Ask)       own = NULL;

  reset ();
  mute = ask_mute (DUPLEX_LIMIT_LOOKUPS * 2, 1);
  wait_until_blocked (SHARE);
  other = ask_new ("one.test", 2);
  wait_for (other);
  g_assert_cmpstr (other->text, ==, "192.0.2.1");

  /* Its own further ones wait, but not for what is asked for already. */
  own = ask_new ("mute-1-0.test", 1);
  second = ask_mute (DUPLEX_LIMIT_LOOKUPS, 2);
  wait_until_blocked (SHARE + SHARE_OF (DUPLEX_LIMIT_LOOKUPS - SHARE));
  g_assert_true (was_asked ("mute-1-42.test"));
  g_assert_false (was_asked ("mute-1-43.test"));
  release ();
  wait_for (own);
  wait_for_all (mute);
  wait_for_all (second);
  g_assert_cmpuint (fake.n_asked, ==, DUPLEX_LIMIT_LOOKUPS * 3 + 1);
  for (guint i = 0; i < mute->len; i++)
    g_assert_cmpstr (((Ask *)g_ptr_array_index (mute, i))->text, ==, "192.0.2.99");
}

/* Where enough askers want all there is they get all; then whoever has nothing is next, though it
 * came last. */
static void
test_newcomer (void)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify)g_ptr_array_unref);
  g_autoptr (Ask)       other = NULL;
  guint                 n_left = DUPLEX_LIMIT_LOOKUPS;

  reset ();
  for (guint64 asker = 1; n_left > 0; asker++)
    {
      g_ptr_array_add (all, ask_mute (DUPLEX_LIMIT_LOOKUPS, asker));
      n_left -= SHARE_OF (n_left);
      wait_until_blocked (DUPLEX_LIMIT_LOOKUPS - n_left);
    }
  g_assert_cmpuint (all->len, ==, 11);
  other = ask_new ("one.test", 0);
  g_assert_false (was_asked ("one.test"));
  release_only ("mute-1-0.test");
  wait_for (other);
  g_assert_cmpstr (other->text, ==, "192.0.2.1");
  wait_until_blocked (DUPLEX_LIMIT_LOOKUPS - 1);
  release ();
  for (guint i = 0; i < all->len; i++)
    wait_for_all (g_ptr_array_index (all, i));
}

/* ---- cancelling ---- */

static void
test_cancelled_before (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Ask                      ask = { 0 };

  reset ();
  g_cancellable_cancel (cancellable);
  duplex_lookup_async ("one.test", 1, cancellable, looked_up_ready_cb, &ask);
  wait_for (&ask);
  g_assert_error (ask.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&ask.error);
  g_assert_cmpuint (fake.n_asked, ==, 0);
}

static void
test_cancelled_under_way (void)
{
  g_autoptr (Ask) ask = NULL;

  reset ();
  ask = ask_new ("mute.test", 1);
  wait_until_blocked (1);
  g_cancellable_cancel (ask->cancellable);
  wait_for (ask);
  g_assert_error (ask->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  wait_until_blocked (1);
  release ();
  wait_until_blocked (0);
}

/* What waits for a thread when it is cancelled is not asked for. */
static void
test_cancelled_waiting (void)
{
  g_autoptr (GPtrArray) mute = NULL;
  g_autoptr (Ask)       late = NULL;
  g_autoptr (Ask)       later = NULL;

  reset ();
  mute = ask_mute (SHARE, 1);
  late = ask_new ("late.test", 1);
  later = ask_new ("one.test", 1);
  wait_until_blocked (SHARE);
  g_cancellable_cancel (late->cancellable);
  wait_for (late);
  g_assert_error (late->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  release ();
  wait_for (later);
  wait_for_all (mute);
  g_assert_true (was_asked ("one.test"));
  g_assert_false (was_asked ("late.test"));
}

/* ---- threads ---- */

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  const char      *task;
  guint            n = 0;

  while ((task = g_dir_read_name (tasks)) != NULL)
    {
      g_autofree char *path = g_strdup_printf ("/proc/self/task/%s/comm", task);
      g_autofree char *name = NULL;

      /* It may have ended. */
      if (g_file_get_contents (path, &name, NULL, NULL) && g_str_equal (name, "duplex-lookup\n"))
        n++;
    }
  return n;
}

/* They end where there is nothing to do, and come again. */
static void
test_idle (void)
{
  gint64                end = g_get_monotonic_time () + DEADLINE_S * G_USEC_PER_SEC;
  g_autoptr (GPtrArray) mute = NULL;
  g_autoptr (Ask)       ask = NULL;

  reset ();
  mute = ask_mute (SHARE, 1);
  wait_until_blocked (SHARE);
  g_assert_cmpuint (count_threads (), >=, SHARE);
  g_assert_cmpuint (count_threads (), <=, DUPLEX_LIMIT_LOOKUPS);
  release ();
  wait_for_all (mute);
  while (count_threads () > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
  ask = ask_new ("one.test", 1);
  wait_for (ask);
  g_assert_cmpstr (ask->text, ==, "192.0.2.1");
}

#define N_CALLERS 4
#define N_TURNS   300

/* Each on a context of its own; a third cancels what may be under way. */
static gpointer
caller_worker (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  for (guint i = 0; i < N_TURNS; i++)
    {
      g_autofree char *name = g_strdup_printf ("name-%u.test", i % 7);
      g_autoptr (Ask)  ask = ask_new (name, GPOINTER_TO_UINT (data) % 3);

      if (i % 3 == 0)
        g_cancellable_cancel (ask->cancellable);
      wait_for (ask);
      if (i % 3 == 0)
        g_assert_error (ask->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else
        g_assert_cmpstr (ask->text, ==, "192.0.2.99");
    }
  g_main_context_pop_thread_default (context);
  return NULL;
}

static void
test_callers (void)
{
  GThread *threads[N_CALLERS];

  reset ();
  for (guint i = 0; i < N_CALLERS; i++)
    threads[i] = g_thread_new (NULL, caller_worker, GUINT_TO_POINTER (i));
  for (guint i = 0; i < N_CALLERS; i++)
    g_thread_join (threads[i]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/core/lookup/known", test_known);
  g_test_add_func ("/core/lookup/answers", test_answers);
  g_test_add_func ("/core/lookup/problems", test_problems);
  g_test_add_func ("/core/lookup/coalesced", test_coalesced);
  g_test_add_func ("/core/lookup/share", test_share);
  g_test_add_func ("/core/lookup/newcomer", test_newcomer);
  g_test_add_func ("/core/lookup/cancelled-before", test_cancelled_before);
  g_test_add_func ("/core/lookup/cancelled-under-way", test_cancelled_under_way);
  g_test_add_func ("/core/lookup/cancelled-waiting", test_cancelled_waiting);
  g_test_add_func ("/core/lookup/idle", test_idle);
  g_test_add_func ("/core/lookup/callers", test_callers);

  return g_test_run ();
}
