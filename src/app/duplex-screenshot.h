/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A picture of a window, taken when it has come to rest: what --screenshot does. */

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What the picture has to wait for yet, in words for the error message; NULL when it may be
 * taken. */
typedef const char *(*DuplexScreenshotWait) (gpointer user_data);

/* Waits until wait() has nothing left to wait for and the window has not been redrawn for a moment,
 * and saves it as a PNG file. Fails with DUPLEX_ERROR_TIMEOUT after deadline_ms, where the message
 * says what was missing, and with DUPLEX_ERROR_IO where path cannot be written. */
void duplex_screenshot_async (GtkWindow           *window,
                              const char          *path,
                              guint                deadline_ms,
                              DuplexScreenshotWait wait,
                              gpointer             wait_data,
                              GAsyncReadyCallback  callback,
                              gpointer             user_data);

gboolean duplex_screenshot_finish (GtkWindow    *window,
                                   GAsyncResult *result,
                                   GError      **error);

G_END_DECLS
