/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What is wrong or remarkable, one row a finding: how bad it is, a sentence, the rule and the
 * byte. It is hidden while there is nothing to say. */

#include <gtk/gtk.h>

#include "core/proto/duplex-finding.h"

G_BEGIN_DECLS

#define DUPLEX_TYPE_FINDING_LIST (duplex_finding_list_get_type ())
G_DECLARE_FINAL_TYPE (DuplexFindingList, duplex_finding_list, DUPLEX, FINDING_LIST, GtkWidget)

/* Property "activatable" (gboolean, construct only, default TRUE): the findings are a frame's and
 * can be chosen, to see their bytes; FALSE for those of a handshake.
 * Signal "finding-activated" (guint id, guint64 offset): the person chose one. */

/* Copies findings. */
void duplex_finding_list_set_findings (DuplexFindingList   *self,
                                       const DuplexFinding *findings,
                                       guint                n_findings);

/* The second line of a row: "RFC 6455 §5.1 · byte 1". In a handshake a missing field has no
 * byte. */
char *duplex_finding_list_dup_detail (const DuplexFinding *finding,
                                      gboolean             of_frame);

G_END_DECLS
