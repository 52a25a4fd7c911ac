/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Places in total and per address, and what an address is. */
#include "relay/duplex-admission.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static DuplexPeer
peer (const char *address,
      guint16     port)
{
  struct sockaddr_storage storage = { 0 };
  struct sockaddr_in     *ipv4 = (struct sockaddr_in *)&storage;
  struct sockaddr_in6    *ipv6 = (struct sockaddr_in6 *)&storage;

  if (strchr (address, ':') == NULL)
    {
      storage.ss_family = AF_INET;
      ipv4->sin_port = htons (port);
      g_assert_cmpint (inet_pton (AF_INET, address, &ipv4->sin_addr), ==, 1);
    }
  else
    {
      storage.ss_family = AF_INET6;
      ipv6->sin6_port = htons (port);
      g_assert_cmpint (inet_pton (AF_INET6, address, &ipv6->sin6_addr), ==, 1);
    }
  return duplex_peer_from_socket_address (&storage);
}

static void
test_text (void)
{
  static const struct
  {
    const char *address;
    const char *text;
  } cases[] = {
    { "127.0.0.1", "127.0.0.1:4711" },
    { "255.255.255.255", "255.255.255.255:4711" },
    { "::1", "[::1]:4711" },
    { "2001:db8::1:2", "[2001:db8::1:2]:4711" },
    { "::ffff:192.0.2.7", "192.0.2.7:4711" },
    { "::192.0.2.7", "[::192.0.2.7]:4711" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexPeer       value = peer (cases[i].address, 4711);
      g_autofree char *text = duplex_peer_to_text (&value);

      g_assert_cmpstr (text, ==, cases[i].text);
    }
}

static void
test_total (void)
{
  g_autoptr (DuplexAdmission) admission = duplex_admission_new ();
  DuplexPeer                  a = peer ("192.0.2.1", 1);
  DuplexPeer                  b = peer ("192.0.2.2", 2);

  g_assert_true (duplex_admission_take (admission, &a, 2, 0));
  g_assert_true (duplex_admission_take (admission, &b, 2, 0));
  g_assert_false (duplex_admission_take (admission, &a, 2, 0));

  /* Limits that change hold for who comes then. */
  g_assert_true (duplex_admission_take (admission, &a, 3, 0));
  g_assert_false (duplex_admission_take (admission, &b, 1, 0));
  duplex_admission_release (admission, &a);
  duplex_admission_release (admission, &a);
  duplex_admission_release (admission, &b);
  g_assert_true (duplex_admission_take (admission, &b, 1, 0));
  g_assert_false (duplex_admission_take (admission, &b, 0, 0));
}

static void
test_per_address (void)
{
  g_autoptr (DuplexAdmission) admission = duplex_admission_new ();
  DuplexPeer                  plain = peer ("192.0.2.1", 1);
  DuplexPeer                  mapped = peer ("::ffff:192.0.2.1", 2);
  DuplexPeer                  other = peer ("::192.0.2.1", 1);

  g_assert_true (duplex_admission_take (admission, &plain, 100, 2));
  g_assert_true (duplex_admission_take (admission, &mapped, 100, 2));
  g_assert_false (duplex_admission_take (admission, &plain, 100, 2));
  g_assert_false (duplex_admission_take (admission, &mapped, 100, 2));
  g_assert_true (duplex_admission_take (admission, &other, 100, 2));

  duplex_admission_release (admission, &mapped);
  g_assert_true (duplex_admission_take (admission, &plain, 100, 2));
  g_assert_true (duplex_admission_take (admission, &plain, 100, 3));
  g_assert_false (duplex_admission_take (admission, &plain, 100, 3));
  g_assert_true (duplex_admission_take (admission, &plain, 100, 0));
}

/* An IPv6 customer has 2^64 addresses or more, and they are one. */
static void
test_networks (void)
{
  static const struct
  {
    const char *a;
    const char *b;
    gboolean    one;
  } cases[] = {
    { "192.0.2.1", "192.0.2.1", TRUE },
    { "192.0.2.1", "::ffff:192.0.2.1", TRUE },
    { "192.0.2.1", "192.0.2.2", FALSE },
    { "192.0.2.1", "193.0.2.1", FALSE },
    { "::ffff:192.0.2.1", "::ffff:192.0.2.2", FALSE },
    { "2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", TRUE },
    { "2001:db8:0:1::1", "2001:db8:0:1:8000::", TRUE },
    { "2001:db8:0:1::1", "2001:db8:0:2::1", FALSE },
    { "2001:db8::1", "2001:db9::1", FALSE },
    { "::1", "::2", TRUE },
    { "::1", "127.0.0.1", FALSE },
    { "0:ffff:c000:201::1", "::ffff:192.0.2.2", FALSE },
    { "::192.0.2.1", "192.0.2.1", FALSE },
    /* that a translator wrote: many customers in one /64 */
    { "64:ff9b::192.0.2.1", "192.0.2.1", TRUE },
    { "64:ff9b::192.0.2.1", "64:ff9b::192.0.2.2", FALSE },
    { "64:ff9b::1:c000:201", "64:ff9b::2:c000:202", TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DuplexPeer a = peer (cases[i].a, 1);
      DuplexPeer b = peer (cases[i].b, 2);

      if ((duplex_peer_get_network (&a) == duplex_peer_get_network (&b)) != cases[i].one)
        g_error ("%s and %s", cases[i].a, cases[i].b);
    }
}

static void
test_per_network (void)
{
  g_autoptr (DuplexAdmission) admission = duplex_admission_new ();
  DuplexPeer                  one = peer ("2001:db8:1:2::1", 1);
  DuplexPeer                  two = peer ("2001:db8:1:2:3:4:5:6", 2);
  DuplexPeer                  other = peer ("2001:db8:1:3::1", 1);

  g_assert_true (duplex_admission_take (admission, &one, 100, 1));
  g_assert_false (duplex_admission_take (admission, &two, 100, 1));
  g_assert_true (duplex_admission_take (admission, &other, 100, 1));
  duplex_admission_release (admission, &one);
  g_assert_true (duplex_admission_take (admission, &two, 100, 1));
  g_assert_false (duplex_admission_take (admission, &one, 100, 1));
}

/* ---- many threads ---- */

#define N_THREADS 4
#define N_TURNS   20000
#define N_PLACES  3

typedef struct
{
  DuplexAdmission *admission;
  gint             taken; /* atomic */
  gint             most;  /* atomic */
} Race;

static gpointer
race_worker (gpointer data)
{
  Race      *race = data;
  DuplexPeer from = peer ("::1", 1);

  for (int i = 0; i < N_TURNS; i++)
    {
      gint now;

      if (!duplex_admission_take (race->admission, &from, 100, N_PLACES))
        continue;
      now = g_atomic_int_add (&race->taken, 1) + 1;
      if (now > g_atomic_int_get (&race->most))
        g_atomic_int_set (&race->most, now);
      g_atomic_int_add (&race->taken, -1);
      duplex_admission_release (race->admission, &from);
    }
  return NULL;
}

static void
test_threads (void)
{
  g_autoptr (DuplexAdmission) admission = duplex_admission_new ();
  Race                        race = { admission, 0, 0 };
  DuplexPeer                  from = peer ("::1", 1);
  GThread                    *threads[N_THREADS];

  for (gsize i = 0; i < N_THREADS; i++)
    threads[i] = g_thread_new (NULL, race_worker, &race);
  for (gsize i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (race.most, >=, 1);
  g_assert_cmpint (race.most, <=, N_PLACES);
  /* All are free again. */
  g_assert_true (duplex_admission_take (admission, &from, 1, 0));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay/admission/text", test_text);
  g_test_add_func ("/relay/admission/total", test_total);
  g_test_add_func ("/relay/admission/per-address", test_per_address);
  g_test_add_func ("/relay/admission/networks", test_networks);
  g_test_add_func ("/relay/admission/per-network", test_per_network);
  g_test_add_func ("/relay/admission/threads", test_threads);
  return g_test_run ();
}
