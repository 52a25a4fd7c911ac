/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-url-bar.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-squeeze.h"
#include "app/duplex-texts.h"

struct _DuplexUrlBar
{
  GtkWidget parent_instance;

  /* owned */
  char *url;
  char *problem;

  /* template */
  GtkWidget *row;
  GtkWidget *dot;
  GtkLabel  *word;
  GtkEntry  *entry;
  GtkWidget *connect_button;
  GtkLabel  *connect_label;
  GtkWidget *problem_label;

  /* state */
  DuplexSessionState state;
  gboolean           unverified;
  gboolean           modified;
};

G_DEFINE_FINAL_TYPE (DuplexUrlBar, duplex_url_bar, GTK_TYPE_WIDGET)

enum {
  PROP_0,
  PROP_URL,
  PROP_STATE,
  PROP_UNVERIFIED,
  PROP_MODIFIED,
  PROP_PROBLEM,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/* What each state looks like, by DuplexSessionState. */
static const struct
{
  const char *dot_class;
  const char *button;
  const char *button_class;
} looks[] = {
  [DUPLEX_SESSION_DISCONNECTED] = { "disconnected", N_ ("Connect"), "suggested-action" },
  [DUPLEX_SESSION_CONNECTING] = { "connecting", N_ ("Cancel"), NULL },
  [DUPLEX_SESSION_OPEN] = { "connected", N_ ("Disconnect"), "destructive-action" },
  [DUPLEX_SESSION_CLOSING] = { "closing", N_ ("Disconnect"), "destructive-action" },
};

static void
set_class (GtkWidget  *widget,
           const char *css_class,
           gboolean    on)
{
  if (css_class == NULL)
    return;
  if (on)
    gtk_widget_add_css_class (widget, css_class);
  else
    gtk_widget_remove_css_class (widget, css_class);
}

/* The button's and the word's room is that of their longest text, so that neither jumps. */
static void
reserve_widths (DuplexUrlBar *self)
{
  glong button = 0;
  glong word = 0;

  for (guint i = 0; i < G_N_ELEMENTS (looks); i++)
    {
      button = MAX (button, g_utf8_strlen (_ (looks[i].button), -1));
      word = MAX (word, g_utf8_strlen (duplex_text_session_state (i), -1));
    }

  gtk_label_set_width_chars (self->connect_label, (int)button);
  gtk_label_set_width_chars (self->word, (int)word);
}

static void
update_state (DuplexUrlBar *self)
{
  const char *word = duplex_text_session_state (self->state);
  const char *button = _ (looks[self->state].button);

  for (guint i = 0; i < G_N_ELEMENTS (looks); i++)
    {
      set_class (self->dot, looks[i].dot_class, FALSE);
      set_class (self->connect_button, looks[i].button_class, FALSE);
    }
  set_class (self->dot, looks[self->state].dot_class, TRUE);
  set_class (self->connect_button, looks[self->state].button_class, TRUE);

  gtk_label_set_label (self->word, word);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->dot), GTK_ACCESSIBLE_PROPERTY_LABEL, word,
                                  -1);
  gtk_label_set_label (self->connect_label, button);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->connect_button),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, button, -1);
  gtk_editable_set_editable (GTK_EDITABLE (self->entry),
                             self->state == DUPLEX_SESSION_DISCONNECTED);
}

static void
update_save_icon (DuplexUrlBar *self)
{
  gtk_entry_set_icon_from_icon_name (self->entry, GTK_ENTRY_ICON_SECONDARY,
                                     self->modified ? "document-save-symbolic" : NULL);
}

static void
entry_activate_cb (DuplexUrlBar *self)
{
  if (self->state == DUPLEX_SESSION_DISCONNECTED)
    gtk_widget_activate_action (GTK_WIDGET (self), "page.connect", NULL);
}

static void
entry_changed_cb (DuplexUrlBar *self)
{
  duplex_url_bar_set_problem (self, NULL);
}

static void
entry_icon_press_cb (DuplexUrlBar *self)
{
  gtk_widget_activate_action (GTK_WIDGET (self), "page.save-profile", NULL);
}

static void
duplex_url_bar_set_url (DuplexUrlBar *self,
                        const char   *url)
{
  if (url == NULL)
    url = "";
  if (g_strcmp0 (self->url, url) == 0)
    return;

  g_free (self->url);
  self->url = g_strdup (url);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_URL]);
}

static void
duplex_url_bar_set_state (DuplexUrlBar      *self,
                          DuplexSessionState state)
{
  if (self->state == state)
    return;

  self->state = state;
  update_state (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static gboolean
set_flag (gboolean *flag,
          gboolean  value)
{
  if (*flag == value)
    return FALSE;

  *flag = value;
  return TRUE;
}

static gboolean
duplex_url_bar_grab_focus (GtkWidget *widget)
{
  return gtk_entry_grab_focus_without_selecting (DUPLEX_URL_BAR (widget)->entry);
}

static void
duplex_url_bar_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DuplexUrlBar *self = DUPLEX_URL_BAR (object);

  switch (prop_id)
    {
    case PROP_URL:
      g_value_set_string (value, self->url);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_UNVERIFIED:
      g_value_set_boolean (value, self->unverified);
      break;
    case PROP_MODIFIED:
      g_value_set_boolean (value, self->modified);
      break;
    case PROP_PROBLEM:
      g_value_set_string (value, self->problem);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_url_bar_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  DuplexUrlBar *self = DUPLEX_URL_BAR (object);

  switch (prop_id)
    {
    case PROP_URL:
      duplex_url_bar_set_url (self, g_value_get_string (value));
      break;
    case PROP_STATE:
      duplex_url_bar_set_state (self, g_value_get_enum (value));
      break;
    case PROP_UNVERIFIED:
      if (set_flag (&self->unverified, g_value_get_boolean (value)))
        g_object_notify_by_pspec (object, pspec);
      break;
    case PROP_MODIFIED:
      if (set_flag (&self->modified, g_value_get_boolean (value)))
        {
          update_save_icon (self);
          g_object_notify_by_pspec (object, pspec);
        }
      break;
    case PROP_PROBLEM:
      duplex_url_bar_set_problem (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
duplex_url_bar_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_URL_BAR);

  G_OBJECT_CLASS (duplex_url_bar_parent_class)->dispose (object);
}

static void
duplex_url_bar_finalize (GObject *object)
{
  DuplexUrlBar *self = DUPLEX_URL_BAR (object);

  g_clear_pointer (&self->url, g_free);
  g_clear_pointer (&self->problem, g_free);

  G_OBJECT_CLASS (duplex_url_bar_parent_class)->finalize (object);
}

static void
duplex_url_bar_class_init (DuplexUrlBarClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass   *widget_class = GTK_WIDGET_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->dispose = duplex_url_bar_dispose;
  object_class->finalize = duplex_url_bar_finalize;
  object_class->get_property = duplex_url_bar_get_property;
  object_class->set_property = duplex_url_bar_set_property;
  widget_class->grab_focus = duplex_url_bar_grab_focus;

  properties[PROP_URL] = g_param_spec_string ("url", NULL, NULL, "", flags);
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, DUPLEX_TYPE_SESSION_STATE,
                                              DUPLEX_SESSION_DISCONNECTED, flags);
  properties[PROP_UNVERIFIED] = g_param_spec_boolean ("unverified", NULL, NULL, FALSE, flags);
  properties[PROP_MODIFIED] = g_param_spec_boolean ("modified", NULL, NULL, FALSE, flags);
  properties[PROP_PROBLEM] = g_param_spec_string ("problem", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (DUPLEX_TYPE_SQUEEZE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-url-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexUrlBar, row);
  gtk_widget_class_bind_template_child (widget_class, DuplexUrlBar, dot);
  gtk_widget_class_bind_template_child (widget_class, DuplexUrlBar, word);
  gtk_widget_class_bind_template_child (widget_class, DuplexUrlBar, entry);
  gtk_widget_class_bind_template_child (widget_class, DuplexUrlBar, connect_button);
  gtk_widget_class_bind_template_child (widget_class, DuplexUrlBar, connect_label);
  gtk_widget_class_bind_template_child (widget_class, DuplexUrlBar, problem_label);
  gtk_widget_class_bind_template_callback (widget_class, entry_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, entry_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, entry_icon_press_cb);
}

static void
duplex_url_bar_init (DuplexUrlBar *self)
{
  self->url = g_strdup ("");

  gtk_widget_init_template (GTK_WIDGET (self));
  reserve_widths (self);
  update_state (self);
}

DuplexUrlBar *
duplex_url_bar_new (void)
{
  return g_object_new (DUPLEX_TYPE_URL_BAR, NULL);
}

void
duplex_url_bar_set_problem (DuplexUrlBar *self,
                            const char   *problem)
{
  gboolean has_problem = problem != NULL && *problem != '\0';

  g_return_if_fail (DUPLEX_IS_URL_BAR (self));

  if (!has_problem)
    problem = NULL;
  if (g_strcmp0 (self->problem, problem) == 0)
    return;

  g_free (self->problem);
  self->problem = g_strdup (problem);

  set_class (GTK_WIDGET (self->entry), "error", has_problem);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->entry), GTK_ACCESSIBLE_STATE_INVALID,
                               has_problem ? GTK_ACCESSIBLE_INVALID_TRUE
                                           : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
  gtk_widget_set_visible (self->problem_label, has_problem);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROBLEM]);
}

void
duplex_url_bar_select (DuplexUrlBar *self,
                       const char   *part)
{
  const char *text;
  const char *found;
  int         start;

  g_return_if_fail (DUPLEX_IS_URL_BAR (self) && part != NULL);

  text = gtk_editable_get_text (GTK_EDITABLE (self->entry));
  found = strstr (text, part);
  gtk_widget_grab_focus (GTK_WIDGET (self->entry));
  if (found == NULL)
    return;
  start = (int)g_utf8_pointer_to_offset (text, found);
  gtk_editable_select_region (GTK_EDITABLE (self->entry), start,
                              start + (int)g_utf8_strlen (part, -1));
}

void
duplex_url_bar_focus_entry (DuplexUrlBar *self)
{
  g_return_if_fail (DUPLEX_IS_URL_BAR (self));

  duplex_url_bar_select (self, gtk_editable_get_text (GTK_EDITABLE (self->entry)));
}
