/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-trust-banner.h"

#include <glib/gi18n.h>

#include "app/duplex-texts.h"

struct _DuplexTrustBanner
{
  GtkWidget parent_instance;

  /* template */
  GtkRevealer *revealer;
  GtkLabel    *label;
  GtkLabel    *fingerprint_label;
};

G_DEFINE_FINAL_TYPE (DuplexTrustBanner, duplex_trust_banner, GTK_TYPE_WIDGET)

enum {
  SIGNAL_TRUST,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
trust (DuplexTrustBanner *self,
       gboolean           always)
{
  duplex_trust_banner_dismiss (self);
  g_signal_emit (self, signals[SIGNAL_TRUST], 0, always);
}

static void
once_clicked_cb (DuplexTrustBanner *self)
{
  trust (self, /* always= */ FALSE);
}

static void
always_clicked_cb (DuplexTrustBanner *self)
{
  trust (self, /* always= */ TRUE);
}

static void
duplex_trust_banner_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), DUPLEX_TYPE_TRUST_BANNER);

  G_OBJECT_CLASS (duplex_trust_banner_parent_class)->dispose (object);
}

static void
duplex_trust_banner_class_init (DuplexTrustBannerClass *klass)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = duplex_trust_banner_dispose;

  signals[SIGNAL_TRUST] = g_signal_new ("trust", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/duplexws/Duplex/duplex-trust-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, DuplexTrustBanner, revealer);
  gtk_widget_class_bind_template_child (widget_class, DuplexTrustBanner, label);
  gtk_widget_class_bind_template_child (widget_class, DuplexTrustBanner, fingerprint_label);
  gtk_widget_class_bind_template_callback (widget_class, duplex_trust_banner_dismiss);
  gtk_widget_class_bind_template_callback (widget_class, once_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, always_clicked_cb);
}

static void
duplex_trust_banner_init (DuplexTrustBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

DuplexTrustBanner *
duplex_trust_banner_new (void)
{
  return g_object_new (DUPLEX_TYPE_TRUST_BANNER, NULL);
}

void
duplex_trust_banner_show (DuplexTrustBanner   *self,
                          const char          *host,
                          GTlsCertificateFlags problems,
                          const char          *fingerprint)
{
  g_autofree char *reasons = NULL;
  g_autofree char *text = NULL;
  g_autofree char *digits = NULL;

  g_return_if_fail (DUPLEX_IS_TRUST_BANNER (self));
  g_return_if_fail (host != NULL);
  g_return_if_fail (fingerprint != NULL);

  reasons = duplex_text_certificate_problem (problems);
  /* Translators: a host name, then what is wrong with its certificate: "it has expired". */
  text = g_strdup_printf (_ ("The certificate of %s is not trusted: %s."), host, reasons);

  digits = duplex_text_fingerprint (fingerprint);

  gtk_label_set_label (self->label, text);
  gtk_label_set_label (self->fingerprint_label, digits);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_revealer_set_reveal_child (self->revealer, TRUE);
}

void
duplex_trust_banner_dismiss (DuplexTrustBanner *self)
{
  g_return_if_fail (DUPLEX_IS_TRUST_BANNER (self));

  gtk_revealer_set_reveal_child (self->revealer, FALSE);
}

gboolean
duplex_trust_banner_is_shown (DuplexTrustBanner *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRUST_BANNER (self), FALSE);

  return gtk_revealer_get_reveal_child (self->revealer);
}

const char *
duplex_trust_banner_get_text (DuplexTrustBanner *self)
{
  g_return_val_if_fail (DUPLEX_IS_TRUST_BANNER (self), NULL);

  return gtk_label_get_label (self->label);
}
