/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The table of options; see duplex-config.h. */

#include "relay/duplex-config.h"

G_BEGIN_DECLS

typedef enum {
  DUPLEX_CONFIG_KIND_TEXT,
  DUPLEX_CONFIG_KIND_FILE,
  DUPLEX_CONFIG_KIND_LIST,
  DUPLEX_CONFIG_KIND_FLAG,
  DUPLEX_CONFIG_KIND_NUMBER,
} DuplexConfigKind;

typedef struct
{
  const char      *name;
  DuplexConfigKind kind;
  const char      *argument; /* in --help */
  const char      *text;     /* likewise */
  const char      *standard; /* the default of a text */
  gint64           number;   /* the default of a number */
  gint64           least;
  gint64           most;
} DuplexConfigOption;

/* By DuplexConfigKey. The texts are msgids. */
extern const DuplexConfigOption duplex_config_options[DUPLEX_N_CONFIG];

G_END_DECLS
