/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* How bad a finding is, to a person: an icon, a colour and a word. severity is a DuplexSeverity, or
 * -1 for nothing, as duplex_event_get_worst_severity() has it. */

#include "core/proto/duplex-finding.h"

G_BEGIN_DECLS

/* A symbolic icon's name; NULL for nothing. */
const char *duplex_severity_get_icon (int severity);

/* The style class that gives the colour: "error", "warning" or "accent"; NULL for nothing. */
const char *duplex_severity_get_css_class (int severity);

/* "Error", "Warning", "Note"; translated, "" for nothing. */
const char *duplex_severity_get_label (int severity);

G_END_DECLS
