/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-handshake-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/duplex-finding-list.h"
#include "app/duplex-handshake-info.h"
#include "app/duplex-raw-text.h"
#include "app/duplex-texts.h"

#define HTTP_SWITCHING_PROTOCOLS 101

struct _DuplexHandshakePage
{
  GtkWidget parent_instance;

  /* owned */
  DuplexCapture       *capture;
  GSignalGroup        *signals; /* of capture */
  DuplexRow           *row;
  DuplexHandshakeInfo *info; /* what is shown, or NULL */

  guint64 attempt_at_row; /* the newest one when row was selected */

  /* template */
  GtkStack          *stack;
  GtkLabel          *status;
  GtkLabel          *url;
  GtkLabel          *tls;
  GtkLabel          *compression;
  GtkLabel          *time;
  DuplexFindingList *findings;
  DuplexRawText     *request;
  DuplexRawText     *response;
  DuplexRawText     *body;
};

G_DEFINE_FINAL_TYPE (DuplexHandshakePage, duplex_handshake_page, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_CAPTURE,
  PROP_ROW,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* What became of the handshake, which stays true after the connection has ended. A server that
 * answers with another status than 101 refuses. */
static char *
dup_status_text (const DuplexHandshakeInfo *info)
{
  switch (info->outcome)
    {
    case DUPLEX_HANDSHAKE_DONE:
      return g_strdup (_ ("Accepted"));
    case DUPLEX_HANDSHAKE_FAILED:
      if (info->status != 0 && info->status != HTTP_SWITCHING_PROTOCOLS)
        /* Translators: the result of a handshake; %s is a sentence that says why. */
        return g_strdup_printf (_ ("Refused: %s"), info->failure);
      /* Translators: the result of a handshake; %s is a sentence that says why. */
      return g_strdup_printf (_ ("Failed: %s"), info->failure);
    case DUPLEX_HANDSHAKE_RUNNING:
    default:
      /* Translators: the handshake has begun and not ended. */
      return g_strdup (_ ("Under way"));
    }
}

/* A number of no event where there is no attempt. */
static guint64
find_newest_attempt (DuplexHandshakePage *self)
{
  guint64 number;

  if (self->capture == NULL ||
      !duplex_capture_find_connecting (self->capture, G_MAXUINT64, &number))
    return G_MAXUINT64;

  return number;
}

/* The event whose handshake is shown. A row that was selected before the newest attempt began says
 * nothing about what one wants to see now. */
static guint64
get_number (DuplexHandshakePage *self)
{
  if (self->row == NULL || self->attempt_at_row != find_newest_attempt (self))
    return G_MAXUINT64;

  return duplex_row_get_event (self->row)->number;
}

static void
show_info (DuplexHandshakePage *self)
{
  const DuplexHandshakeInfo *info = self->info;
  g_autofree char           *duration = duplex_text_duration (info->duration_us);
  g_autofree char           *start = duplex_text_time (info->start_us);
  g_autofree char           *status = dup_status_text (info);
  g_autofree char           *compression = duplex_handshake_info_dup_compression (info);
  g_autofree char           *time = NULL;

  /* Translators: how long something took, and when it began: "12 ms, from 12:01:02.123". */
  time = g_strdup_printf (_ ("%s, from %s"), duration, start);
  gtk_label_set_text (self->status, status);
  gtk_label_set_text (self->url, info->url != NULL ? info->url : "");
  gtk_label_set_text (self->tls, info->tls != NULL ? info->tls : _ ("None"));
  gtk_label_set_text (self->compression, compression);
  gtk_label_set_text (self->time, info->outcome == DUPLEX_HANDSHAKE_RUNNING ? start : time);
  duplex_finding_list_set_findings (self->findings, (const DuplexFinding *)info->findings->data,
                                    info->findings->len);
  duplex_raw_text_set_bytes (self->request, info->request);
  duplex_raw_text_set_bytes (self->response, info->response);
  duplex_raw_text_set_bytes (self->body, info->body);
}

static void
update (DuplexHandshakePage *self)
{
  g_clear_pointer (&self->info, duplex_handshake_info_free);
  if (self->capture != NULL)
    self->info = duplex_handshake_info_new (self->capture, get_number (self));
  if (self->info != NULL)
    show_info (self);
  gtk_stack_set_visible_child_name (self->stack, self->info != NULL ? "handshake" : "empty");
}

/* Whether what is shown may still change, or is no longer the one to show. */
static gboolean
is_stale (DuplexHandshakePage *self)
{
  guint64 number;

  if (self->info == NULL || self->info->outcome == DUPLEX_HANDSHAKE_RUNNING)
    return TRUE;

  return !duplex_capture_find_connecting (self->capture, get_number (self), &number) ||
         number != self->info->number;
}

static void
published_cb (DuplexHandshakePage *self)
{
  if (gtk_widget_get_mapped (GTK_WIDGET (self)) && is_stale (self))
    update (self);
}

static void
duplex_handshake_page_map (GtkWidget *widget)
{
  update (DUPLEX_HANDSHAKE_PAGE (widget));

  GTK_WIDGET_CLASS (duplex_handshake_page_parent_class)->map (widget);
}

static void
set_capture (DuplexHandshakePage *self,
             DuplexCapture       *capture)
{
  if (!g_set_object (&self->capture, capture))
    return;

  g_signal_group_set_target (self->signals, capture);
  self->attempt_at_row = find_newest_attempt (self);
  update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}

static void
set_row (DuplexHandshakePage *self,
         DuplexRow           *row)
{
  if (!g_set_object (&self->row, row))
    return;

  self->attempt_at_row = find_newest_attempt (self);
  /* Out of sight it is enough to do it when the page comes back. */
  if (gtk_widget_get_mapped (GTK_WIDGET (self)))
    update (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ROW]);
}

static void
duplex_handshake_page_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  DuplexHandshakePage *self = DUPLEX_HANDSHAKE_PAGE (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      g_value_set_object (value, self->capture);
      break;
    case PROP_ROW:
      g_value_set_object (value, self->row);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_handshake_page_set_property (GObject      *object,
                                    guint         prop_id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  DuplexHandshakePage *self = DUPLEX_HANDSHAKE_PAGE (object);

  switch (prop_id)
    {
    case PROP_CAPTURE:
      set_capture (self, g_value_get_object (value));
      break;
    case PROP_ROW:
      set_row (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_handshake_page_dispose (GObject *object)
{
  DuplexHandshakePage *self = DUPLEX_HANDSHAKE_PAGE (object);

  g_clear_object (&self->signals);
  g_clear_object (&self->capture);
  g_clear_object (&self->row);
  g_clear_pointer (&self->info, duplex_handshake_info_free);
  gtk_widget_dispose_template (GTK_WIDGET (self), DUPLEX_TYPE_HANDSHAKE_PAGE);

  G_OBJECT_CLASS (duplex_handshake_page_parent_class)->dispose (object);
}

static void
duplex_handshake_page_class_init (DuplexHandshakePageClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = duplex_handshake_page_get_property;
  object_class->set_property = duplex_handshake_page_set_property;
  object_class->dispose = duplex_handshake_page_dispose;

  widget_class->map = duplex_handshake_page_map;

  properties[PROP_CAPTURE] =
    g_param_spec_object ("capture", NULL, NULL, DUPLEX_TYPE_CAPTURE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_ROW] =
    g_param_spec_object ("row", NULL, NULL, DUPLEX_TYPE_ROW,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (DUPLEX_TYPE_FINDING_LIST);
  g_type_ensure (DUPLEX_TYPE_RAW_TEXT);

  gtk_widget_class_set_template_from_resource (
    widget_class, "/io/github/duplexws/Duplex/duplex-handshake-page.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, stack);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, status);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, url);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, tls);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, compression);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, time);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, findings);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, request);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, response);
  gtk_widget_class_bind_template_child (widget_class, DuplexHandshakePage, body);
  gtk_widget_class_set_css_name (widget_class, "handshake-page");
}

static void
duplex_handshake_page_init (DuplexHandshakePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->signals = g_signal_group_new (DUPLEX_TYPE_CAPTURE);
  g_signal_group_connect_swapped (self->signals, "published", G_CALLBACK (published_cb), self);
}
