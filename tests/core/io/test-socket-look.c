/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What TCP knows of a peer on loopback, whose system always answers. That one which is gone does
 * not is tried in tests/relay/test-loss.py. */
#include "core/io/duplex-socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE (10 * G_USEC_PER_SEC)

static void
make_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t          size = sizeof address;
  int                listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  g_assert_no_errno (bind (listener, (struct sockaddr *)&address, size));
  g_assert_no_errno (listen (listener, 1));
  g_assert_no_errno (getsockname (listener, (struct sockaddr *)&address, &size));
  fds[0] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (connect (fds[0], (struct sockaddr *)&address, size));
  fds[1] = accept (listener, NULL, NULL);
  g_assert_cmpint (fds[1], >=, 0);
  close (listener);
}

/* Looks until something waits, or nothing does. */
static DuplexSocketLook
look_until (int      fd,
            gboolean waits)
{
  gint64           end = g_get_monotonic_time () + DEADLINE;
  DuplexSocketLook look;

  do
    {
      duplex_socket_look (fd, &look);
      if (g_get_monotonic_time () > end)
        g_error ("%" G_GUINT64_FORMAT " bytes acknowledged, and there are %s more", look.acked,
                 look.waits ? "some" : "none");
      g_thread_yield ();
  } while (look.waits != waits);
  return look;
}

static void
test_acknowledged (void)
{
  int              fds[2];
  guint64          before;
  DuplexSocketLook look;

  make_pair (fds);
  look = look_until (fds[0], FALSE);
  before = look.acked;
  g_assert_cmpint (send (fds[0], "hello", 5, 0), ==, 5);
  look = look_until (fds[0], FALSE);
  g_assert_cmpuint (look.acked, ==, before + 5);
  g_assert_cmpint (look.silence, ==, 0);
  close (fds[0]);
  close (fds[1]);
}

/* A reader that stops: what waits is more than was acknowledged; and some of it when it goes on. */
static void
test_stopped (void)
{
  g_autofree char *data = g_malloc0 (1 << 20);
  int              fds[2];
  gsize            sent = 0;
  gssize           n;
  guint64          first;
  guint64          before;
  DuplexSocketLook look;

  make_pair (fds);
  first = look_until (fds[0], FALSE).acked;
  while ((n = send (fds[0], data, 1 << 20, MSG_DONTWAIT)) > 0)
    sent += (gsize)n;
  g_assert_cmpint (errno, ==, EAGAIN);
  look = look_until (fds[0], TRUE);
  g_assert_cmpuint (look.acked, >, first);
  g_assert_cmpuint (look.acked - first, <, sent);
  g_assert_cmpint (look.silence, ==, 0);
  before = look.acked;
  for (gsize got = 0; got < sent; got += (gsize)n)
    {
      n = recv (fds[1], data, 1 << 20, 0);
      g_assert_cmpint (n, >, 0);
    }
  look = look_until (fds[0], FALSE);
  g_assert_cmpuint (look.acked, >, before);
  g_assert_cmpuint (look.acked - first, ==, sent);
  close (fds[0]);
  close (fds[1]);
}

static void
test_no_tcp (void)
{
  DuplexSocketLook look = { 1, TRUE, 1 };
  int              fds[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  duplex_socket_look (fds[0], &look);
  g_assert_cmpuint (look.acked, ==, 0);
  g_assert_false (look.waits);
  g_assert_cmpint (look.silence, ==, 0);
  close (fds[0]);
  close (fds[1]);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/io/socket-look/acknowledged", test_acknowledged);
  g_test_add_func ("/io/socket-look/stopped", test_stopped);
  g_test_add_func ("/io/socket-look/no-tcp", test_no_tcp);

  return g_test_run ();
}
