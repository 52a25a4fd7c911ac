/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-severity.h"

#include <glib/gi18n.h>

const char *
duplex_severity_get_icon (int severity)
{
  switch (severity)
    {
    case DUPLEX_SEVERITY_NOTE:
      return "dialog-information-symbolic";
    case DUPLEX_SEVERITY_WARNING:
      return "dialog-warning-symbolic";
    case DUPLEX_SEVERITY_ERROR:
      return "dialog-error-symbolic";
    default:
      return NULL;
    }
}

const char *
duplex_severity_get_css_class (int severity)
{
  switch (severity)
    {
    case DUPLEX_SEVERITY_NOTE:
      return "accent";
    case DUPLEX_SEVERITY_WARNING:
      return "warning";
    case DUPLEX_SEVERITY_ERROR:
      return "error";
    default:
      return NULL;
    }
}

const char *
duplex_severity_get_label (int severity)
{
  switch (severity)
    {
    case DUPLEX_SEVERITY_NOTE:
      return _ ("Note");
    case DUPLEX_SEVERITY_WARNING:
      return _ ("Warning");
    case DUPLEX_SEVERITY_ERROR:
      return _ ("Error");
    default:
      return "";
    }
}
