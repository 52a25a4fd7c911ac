/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "relay/duplex-systemd.h"

#ifdef DUPLEX_HAVE_SYSTEMD

#include <glib/gi18n.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static GInetSocketAddress *
get_address (int fd)
{
  struct sockaddr_storage    native;
  socklen_t                  size = sizeof native;
  g_autoptr (GSocketAddress) address = NULL;

  if (sd_is_socket (fd, AF_UNSPEC, SOCK_STREAM, /* listening= */ 1) <= 0 ||
      getsockname (fd, (struct sockaddr *)&native, &size) != 0)
    return NULL;
  address = g_socket_address_new_from_native (&native, size);
  if (!G_IS_INET_SOCKET_ADDRESS (address))
    return NULL;
  return G_INET_SOCKET_ADDRESS (g_steal_pointer (&address));
}

int
duplex_systemd_take_socket (GInetSocketAddress **ret_address,
                            GError             **error)
{
  int                            n = sd_listen_fds (/* unset_environment= */ 1);
  g_autoptr (GInetSocketAddress) address = NULL;

  if (n < 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (-n), "LISTEN_FDS: %s",
                   g_strerror (-n));
      return -1;
    }
  if (n == 0)
    return -1;
  if (n == 1)
    address = get_address (SD_LISTEN_FDS_START);
  if (address == NULL)
    {
      for (int i = 0; i < n; i++)
        close (SD_LISTEN_FDS_START + i);
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           n == 1 ? _ ("The socket that systemd passed does not listen on TCP")
                                  : _ ("systemd passed several sockets; one can be used"));
      return -1;
    }
  *ret_address = g_steal_pointer (&address);
  return SD_LISTEN_FDS_START;
}

/* A line each: what a status has of line ends must not make others. */
static void
notify (const char *state,
        const char *status)
{
  g_autofree char *line = g_strdelimit (g_strdup (status), "\n", ' ');

  sd_notifyf (0, "%s\nSTATUS=%s", state, line);
}

void
duplex_systemd_ready (const char *status)
{
  notify ("READY=1", status);
}

/* The time is for Type=notify-reload: whether this is the reload that systemd asked for. */
void
duplex_systemd_reloading (void)
{
  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
}

void
duplex_systemd_stopping (const char *status)
{
  notify ("STOPPING=1", status);
}

guint64
duplex_systemd_get_watchdog (void)
{
  uint64_t usec = 0;

  return sd_watchdog_enabled (0, &usec) > 0 ? usec : 0;
}

void
duplex_systemd_alive (void)
{
  sd_notify (0, "WATCHDOG=1");
}

#else

int
duplex_systemd_take_socket (GInetSocketAddress **ret_address,
                            GError             **error)
{
  return -1;
}

void
duplex_systemd_ready (const char *status)
{
}

void
duplex_systemd_reloading (void)
{
}

void
duplex_systemd_stopping (const char *status)
{
}

guint64
duplex_systemd_get_watchdog (void)
{
  return 0;
}

void
duplex_systemd_alive (void)
{
}

#endif
