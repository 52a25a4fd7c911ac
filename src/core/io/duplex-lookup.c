/* SPDX-License-Identifier: GPL-3.0-or-later */
/* EAI_NODATA */
#define _GNU_SOURCE

#include "core/io/duplex-lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <string.h>

#include "core/proto/duplex-limits.h"

/* Seconds after which a thread that has nothing to do ends: asking for a name takes longer than
 * starting one. */
#define IDLE_S 1

/* Bytes of a name with a dot at its end (RFC 1035 §2.3.4, without what only the wire has). */
#define NAME_BYTES 254

typedef struct
{
  guint64 id; /* the key */
  GQueue  waiting;
  GList   turn; /* in pool.turns while somebody waits; data is the asker */
  guint   n_running;
} Asker;

/* A name that is asked for. */
typedef struct
{
  char  *name;
  GQueue waiters;
  Asker *asker; /* who holds the thread */
} Lookup;

/* Of a task, which owns it. Whose queue it is in owns a reference to the task. */
typedef struct
{
  char    *name;
  GSource *cancelled; /* or NULL */

  /* under the mutex */
  GList   link;  /* data is the task */
  GQueue *queue; /* NULL once somebody is about to answer */
  Asker  *asker; /* while it waits for a thread, else NULL */
} Waiter;

static struct
{
  GMutex mutex;
  GCond  due;

  /* owned */
  GHashTable *askers;  /* set of Asker */
  GHashTable *lookups; /* by name; of Lookup */

  /* borrowed */
  GQueue begun; /* of Lookup, for the threads; there is one for each */
  GQueue turns; /* of Asker, by their links */

  /* state */
  guint n_threads;
  guint n_running; /* lookups */
} pool;

/* ---- names ---- */

gboolean
duplex_lookup_is_localhost (const char *name)
{
  static const char local[] = "localhost";
  gsize             size = strlen (local);
  gsize             len;

  g_return_val_if_fail (name != NULL, FALSE);

  len = strlen (name);
  if (len > 0 && name[len - 1] == '.')
    len--;
  return len >= size && g_ascii_strncasecmp (name + len - size, local, size) == 0 &&
         (len == size || name[len - size - 1] == '.');
}

GList *
duplex_lookup_find_known (const char *name)
{
  GInetAddress *address;
  GList        *found = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  address = g_inet_address_new_from_string (name);
  if (address != NULL)
    return g_list_prepend (NULL, address);
  if (duplex_lookup_is_localhost (name))
    {
      found = g_list_prepend (found, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4));
      found = g_list_prepend (found, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV6));
    }
  return found;
}

static GError *
describe (const char *name,
          int         problem)
{
  GResolverError code = G_RESOLVER_ERROR_INTERNAL;

  if (problem == EAI_NONAME || problem == EAI_NODATA || problem == EAI_FAIL)
    code = G_RESOLVER_ERROR_NOT_FOUND;
  else if (problem == EAI_AGAIN)
    code = G_RESOLVER_ERROR_TEMPORARY_FAILURE;
  return g_error_new (G_RESOLVER_ERROR, code, "Error resolving “%s”: %s", name,
                      gai_strerror (problem));
}

/* As it is asked for, or NULL where it is none. The system would take "127.1" for an address. */
static char *
normalize (const char *name)
{
  g_autofree char *ascii = g_hostname_to_ascii (name);
  struct in_addr   address;

  if (ascii == NULL || strlen (ascii) > NAME_BYTES || inet_aton (ascii, &address) != 0)
    return NULL;
  return g_ascii_strdown (ascii, -1);
}

/* ---- the system ---- */

static gboolean
has_address (GList        *addresses,
             GInetAddress *address)
{
  for (GList *item = addresses; item != NULL; item = item->next)
    if (g_inet_address_equal (item->data, address))
      return TRUE;
  return FALSE;
}

static GList *
ask_system (const char *name,
            GError    **error)
{
  /* As GResolver asks. */
  struct addrinfo  hints = { .ai_flags = AI_ADDRCONFIG,
                             .ai_socktype = SOCK_STREAM,
                             .ai_protocol = IPPROTO_TCP };
  struct addrinfo *first = NULL;
  GList           *found = NULL;
  int              problem = getaddrinfo (name, NULL, &hints, &first);

  for (struct addrinfo *item = problem == 0 ? first : NULL; item != NULL; item = item->ai_next)
    {
      g_autoptr (GSocketAddress) end =
        g_socket_address_new_from_native (item->ai_addr, item->ai_addrlen);
      GInetAddress *address =
        G_IS_INET_SOCKET_ADDRESS (end)
          ? g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (end))
          : NULL;

      if (address != NULL && !has_address (found, address))
        found = g_list_append (found, g_object_ref (address));
    }
  if (first != NULL)
    freeaddrinfo (first);
  if (found == NULL)
    g_propagate_error (error, describe (name, problem != 0 ? problem : EAI_NODATA));
  return found;
}

/* ---- who asks, under the mutex ---- */

static Asker *
get_asker (guint64 id)
{
  Asker *asker = g_hash_table_lookup (pool.askers, &id);

  if (asker != NULL)
    return asker;
  asker = g_new0 (Asker, 1);
  asker->id = id;
  asker->turn.data = asker;
  g_hash_table_add (pool.askers, asker);
  return asker;
}

/* Frees it where nothing is asked for by it. */
static void
settle_asker (Asker *asker)
{
  if (asker->n_running == 0 && asker->waiting.length == 0)
    g_hash_table_remove (pool.askers, asker);
}

static void
free_lookup (gpointer data)
{
  Lookup *lookup = data;

  g_free (lookup->name);
  g_free (lookup);
}

static void
enter (Waiter *waiter,
       GQueue *queue)
{
  waiter->queue = queue;
  g_queue_push_tail_link (queue, &waiter->link);
}

static void
leave (Waiter *waiter)
{
  Asker *asker = waiter->asker;

  g_queue_unlink (waiter->queue, &waiter->link);
  waiter->queue = NULL;
  waiter->asker = NULL;
  if (asker != NULL && asker->waiting.length == 0)
    g_queue_unlink (&pool.turns, &asker->turn);
}

static void
await_turn (Waiter *waiter,
            Asker  *asker)
{
  waiter->asker = asker;
  if (asker->waiting.length == 0)
    g_queue_push_tail_link (&pool.turns, &asker->turn);
  enter (waiter, &asker->waiting);
}

/* ---- beginning, under the mutex ---- */

static gpointer lookup_worker (gpointer data);

/* Where the system has no more threads to give, those that there are go on. */
static gboolean
have_thread (void)
{
  GThread *thread;

  if (pool.n_threads > pool.n_running)
    return TRUE;
  thread = g_thread_try_new ("duplex-lookup", lookup_worker, NULL, NULL);
  if (thread == NULL)
    return FALSE;
  g_thread_unref (thread);
  pool.n_threads++;
  return TRUE;
}

static Lookup *
start (Asker      *asker,
       const char *name)
{
  Lookup *lookup = g_new0 (Lookup, 1);

  lookup->name = g_strdup (name);
  lookup->asker = asker;
  asker->n_running++;
  pool.n_running++;
  g_hash_table_insert (pool.lookups, lookup->name, lookup);
  g_queue_push_tail (&pool.begun, lookup);
  g_cond_signal (&pool.due);
  return lookup;
}

/* The first that waits there. Returns FALSE where it has to wait on. */
static gboolean
begin (Asker *asker)
{
  Waiter *waiter = g_task_get_task_data (asker->waiting.head->data);
  Lookup *lookup = g_hash_table_lookup (pool.lookups, waiter->name);

  if (lookup == NULL &&
      (asker->n_running * 2 >= DUPLEX_LIMIT_LOOKUPS - pool.n_running || !have_thread ()))
    return FALSE;
  if (lookup == NULL)
    lookup = start (asker, waiter->name);
  leave (waiter);
  enter (waiter, &lookup->waiters);
  return TRUE;
}

static gboolean
begin_next (void)
{
  for (guint n = pool.turns.length; n > 0; n--)
    {
      Asker *asker = pool.turns.head->data;

      g_queue_unlink (&pool.turns, &asker->turn);
      g_queue_push_tail_link (&pool.turns, &asker->turn);
      if (begin (asker))
        {
          settle_asker (asker);
          return TRUE;
        }
    }
  return FALSE;
}

static void
add (Waiter *waiter,
     guint64 asker_id)
{
  Lookup *lookup;
  Asker  *asker;

  if (pool.askers == NULL)
    {
      pool.askers = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
      pool.lookups = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_lookup);
    }
  lookup = g_hash_table_lookup (pool.lookups, waiter->name);
  if (lookup != NULL)
    {
      enter (waiter, &lookup->waiters);
      return;
    }
  asker = get_asker (asker_id);
  await_turn (waiter, asker);
  begin (asker);
}

/* ---- ending ---- */

/* Returns who waits for it, of GTask, and frees it; under the mutex. */
static GQueue
finish (Lookup *lookup)
{
  GQueue waiters = lookup->waiters;
  Asker *asker = lookup->asker;

  for (GList *item = waiters.head; item != NULL; item = item->next)
    ((Waiter *)g_task_get_task_data (item->data))->queue = NULL;
  g_hash_table_remove (pool.lookups, lookup->name);
  asker->n_running--;
  pool.n_running--;
  settle_asker (asker);
  while (begin_next ())
    ;
  return waiters;
}

static gpointer
copy_address (gconstpointer address,
              gpointer      data)
{
  return g_object_ref ((gpointer)address);
}

static void
free_addresses (gpointer addresses)
{
  g_resolver_free_addresses (addresses);
}

/* Takes the references that waiters has. The links are of the tasks. */
static void
answer (GQueue       *waiters,
        GList        *found,
        const GError *error)
{
  GList *next;

  for (GList *item = waiters->head; item != NULL; item = next)
    {
      g_autoptr (GTask) task = item->data;
      Waiter           *waiter = g_task_get_task_data (task);

      next = item->next;
      if (waiter->cancelled != NULL)
        g_source_destroy (waiter->cancelled);
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_pointer (task, g_list_copy_deep (found, copy_address, NULL), free_addresses);
    }
}

static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      data)
{
  GTask   *task = data;
  Waiter  *waiter = g_task_get_task_data (task);
  gboolean is_ours;

  g_mutex_lock (&pool.mutex);
  is_ours = waiter->queue != NULL;
  if (is_ours)
    {
      Asker *asker = waiter->asker;

      leave (waiter);
      if (asker != NULL)
        settle_asker (asker);
    }
  g_mutex_unlock (&pool.mutex);
  if (is_ours)
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  return G_SOURCE_REMOVE;
}

/* ---- a thread ---- */

/* NULL where there was nothing to do for a while; under the mutex. */
static Lookup *
await_lookup (void)
{
  gint64 end = g_get_monotonic_time () + IDLE_S * G_USEC_PER_SEC;

  while (pool.begun.length == 0 && g_cond_wait_until (&pool.due, &pool.mutex, end))
    ;
  return g_queue_pop_head (&pool.begun);
}

static gpointer
lookup_worker (gpointer data)
{
  Lookup *lookup;

  g_mutex_lock (&pool.mutex);
  while ((lookup = await_lookup ()) != NULL)
    {
      g_autoptr (GError) error = NULL;
      GList             *found;
      GQueue             waiters;

      g_mutex_unlock (&pool.mutex);
      found = ask_system (lookup->name, &error);
      g_mutex_lock (&pool.mutex);
      waiters = finish (lookup);
      g_mutex_unlock (&pool.mutex);

      answer (&waiters, found, error);
      g_resolver_free_addresses (found);
      g_mutex_lock (&pool.mutex);
    }
  pool.n_threads--;
  g_mutex_unlock (&pool.mutex);
  return NULL;
}

/* ---- public ---- */

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;

  g_clear_pointer (&waiter->cancelled, g_source_unref);
  g_free (waiter->name);
  g_free (waiter);
}

/* Answers where nobody has to be asked. */
static gboolean
answer_at_once (GTask      *task,
                const char *name)
{
  GList *known;

  if (g_task_return_error_if_cancelled (task))
    return TRUE;
  known = duplex_lookup_find_known (name);
  if (known != NULL)
    g_task_return_pointer (task, known, free_addresses);
  return known != NULL;
}

void
duplex_lookup_async (const char         *name,
                     guint64             asker,
                     GCancellable       *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char  *normal = NULL;
  Waiter           *waiter;

  g_return_if_fail (name != NULL);

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, duplex_lookup_async);
  if (answer_at_once (task, name))
    return;
  normal = normalize (name);
  if (normal == NULL)
    {
      g_task_return_error (task, describe (name, EAI_NONAME));
      return;
    }
  waiter = g_new0 (Waiter, 1);
  waiter->name = g_steal_pointer (&normal);
  waiter->link.data = g_object_ref (task);
  g_task_set_task_data (task, waiter, waiter_free);
  if (cancellable != NULL)
    {
      waiter->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_callback (waiter->cancelled, G_SOURCE_FUNC (cancelled_cb), g_object_ref (task),
                             g_object_unref);
      g_source_attach (waiter->cancelled, g_task_get_context (task));
    }
  g_mutex_lock (&pool.mutex);
  add (waiter, asker);
  g_mutex_unlock (&pool.mutex);
}

GList *
duplex_lookup_finish (GAsyncResult *result,
                      GError      **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
