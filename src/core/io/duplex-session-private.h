/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What the files of the session share. */

#include "core/io/duplex-attempt.h"
#include "core/io/duplex-session.h"
#include "core/proto/duplex-message.h"

G_BEGIN_DECLS

struct _DuplexSession
{
  GObject parent_instance;

  /* owned */
  DuplexProfile        *profile;
  DuplexCapture        *capture;
  DuplexAttempt        *attempt; /* the connection that is being made or open, or NULL */
  DuplexSessionOptions *options;
  DuplexMessageTracker *composed;   /* judges composed frames, while the connection is open */
  char                 *trusted;    /* fingerprint that is accepted for this session, or NULL */
  char                 *refused;    /* fingerprint that the last attempt refused, or NULL */
  char                 *folder;     /* where it is recorded, or NULL */
  char                 *profile_id; /* see duplex_session_set_profile_id() */

  /* state */
  gboolean             record_secrets;
  gboolean             temporary;
  DuplexSessionState   state;
  GTlsCertificateFlags refused_flags;
  gboolean             unverified;
  gint64               rtt;
  gboolean             half_way; /* a composed frame stopped: what follows is taken as its rest */
};

/* A connection is open now: what was composed on the one before counts no more. */
void duplex_session_begin_sending (DuplexSession *self);

G_END_DECLS
