/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "relay/duplex-config-private.h"

#include <glib/gi18n.h>
#include <string.h>

#define GROUP "relay"

/* What one source says of an option; of which kind it is says which member counts. */
typedef struct
{
  char    *text; /* also a number's */
  char   **list;
  gboolean flag;
} Value;

struct _DuplexConfig
{
  Value given[DUPLEX_N_CONFIG]; /* on the command line */
  Value filed[DUPLEX_N_CONFIG];
};

void
duplex_config_free (DuplexConfig *self)
{
  if (self == NULL)
    return;
  for (gsize i = 0; i < DUPLEX_N_CONFIG; i++)
    {
      g_free (self->given[i].text);
      g_free (self->filed[i].text);
      g_strfreev (self->given[i].list);
      g_strfreev (self->filed[i].list);
    }
  g_free (self);
}

static gboolean
fail (GError    **error,
      const char *place,
      const char *problem,
      const char *value)
{
  if (value != NULL)
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s: “%s”", place,
                 problem, value);
  else
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s", place, problem);
  return FALSE;
}

/* ---- what a value may be ---- */

static gboolean
check_number (const DuplexConfigOption *option,
              const char               *place,
              const char               *text,
              GError                  **error)
{
  g_autofree char *least = NULL;
  g_autofree char *most = NULL;
  g_autofree char *problem = NULL;

  if (g_ascii_string_to_signed (text, 10, option->least, option->most, NULL, NULL))
    return TRUE;
  least = g_strdup_printf ("%" G_GINT64_FORMAT, option->least);
  most = g_strdup_printf ("%" G_GINT64_FORMAT, option->most);
  problem = g_strdup_printf (_ ("must be a number from %s to %s"), least, most);
  return fail (error, place, problem, text);
}

static gboolean
check_value (const DuplexConfigOption *option,
             const char               *place,
             const Value              *value,
             GError                  **error)
{
  if (value->text == NULL)
    return TRUE;
  if (option->kind == DUPLEX_CONFIG_KIND_NUMBER)
    return check_number (option, place, value->text, error);
  if (*value->text == '\0')
    return fail (error, place, _ ("must not be empty"), NULL);
  return TRUE;
}

/* ---- the command line ---- */

static char *
describe (const DuplexConfigOption *option)
{
  g_autofree char *number = NULL;
  const char      *standard = option->standard;

  if (option->kind == DUPLEX_CONFIG_KIND_NUMBER)
    standard = number = g_strdup_printf ("%" G_GINT64_FORMAT, option->number);
  if (standard == NULL)
    return g_strdup (_ (option->text));
  return g_strdup_printf (_ ("%s (%s by default)"), _ (option->text), standard);
}

static void
fill_entry (GOptionEntry             *entry,
            const DuplexConfigOption *option,
            Value                    *value,
            const char               *text)
{
  entry->long_name = option->name;
  entry->description = text;
  entry->arg_description = option->argument != NULL ? _ (option->argument) : NULL;
  if (option->kind == DUPLEX_CONFIG_KIND_FLAG)
    {
      entry->arg = G_OPTION_ARG_NONE;
      entry->arg_data = &value->flag;
    }
  else if (option->kind == DUPLEX_CONFIG_KIND_LIST)
    {
      entry->arg = G_OPTION_ARG_STRING_ARRAY;
      entry->arg_data = &value->list;
    }
  else
    {
      entry->arg = G_OPTION_ARG_STRING;
      entry->arg_data = &value->text;
    }
  if (option->kind == DUPLEX_CONFIG_KIND_FILE)
    entry->arg = G_OPTION_ARG_FILENAME;
}

static gboolean
parse_arguments (DuplexConfig *self,
                 char        **arguments,
                 GError      **error)
{
  GOptionEntry               entries[DUPLEX_N_CONFIG + 1] = { 0 };
  g_autoptr (GPtrArray)      texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  for (gsize i = 0; i < DUPLEX_N_CONFIG; i++)
    {
      char *text = describe (&duplex_config_options[i]);

      g_ptr_array_add (texts, text);
      fill_entry (&entries[i], &duplex_config_options[i], &self->given[i], text);
    }
  g_option_context_set_summary (context, _ ("Carries WebSockets between clients and backends."));
  /* No domain: the texts are translated, and defaults are in them. */
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse_strv (context, &arguments, error))
    return FALSE;
  if (arguments[0] != NULL && arguments[1] != NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: %s",
                   _ ("No such argument"), arguments[1]);
      return FALSE;
    }
  for (gsize i = 0; i < DUPLEX_N_CONFIG; i++)
    {
      g_autofree char *place = g_strconcat ("--", duplex_config_options[i].name, NULL);

      if (!check_value (&duplex_config_options[i], place, &self->given[i], error))
        return FALSE;
    }
  return TRUE;
}

/* ---- the file ---- */

static gssize
find_option (const char *name)
{
  for (gssize i = 0; i < DUPLEX_N_CONFIG; i++)
    if (i != DUPLEX_CONFIG_CONFIG && i != DUPLEX_CONFIG_VERSION &&
        g_str_equal (duplex_config_options[i].name, name))
      return i;
  return -1;
}

/* Of a key that stands there twice, GKeyFile would forget the first. */
static gboolean
check_repeated (const char *file,
                const char *data,
                GError    **error)
{
  g_auto (GStrv)         lines = g_strsplit (data, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);
      char *end = strchr (line, '=');

      if (*line == '#' || *line == '[' || end == NULL)
        continue;
      *end = '\0';
      if (!g_hash_table_add (seen, g_strdup (g_strchomp (line))))
        return fail (error, file, _ ("the key is there twice (a list is written with ;)"), line);
    }
  return TRUE;
}

/* FALSE where the value is not what GKeyFile takes for its kind. */
static gboolean
read_value (GKeyFile                 *keys,
            const DuplexConfigOption *option,
            const char               *folder,
            Value                    *value)
{
  g_autoptr (GError) error = NULL;

  if (option->kind == DUPLEX_CONFIG_KIND_FLAG)
    value->flag = g_key_file_get_boolean (keys, GROUP, option->name, &error);
  else if (option->kind == DUPLEX_CONFIG_KIND_LIST)
    value->list = g_key_file_get_string_list (keys, GROUP, option->name, NULL, &error);
  else
    value->text = g_key_file_get_string (keys, GROUP, option->name, &error);
  if (error != NULL)
    return FALSE;
  if (option->kind == DUPLEX_CONFIG_KIND_FILE && *value->text != '\0')
    {
      g_autofree char *name = g_steal_pointer (&value->text);

      value->text = g_canonicalize_filename (name, folder);
    }
  return TRUE;
}

static gboolean
read_key (DuplexConfig *self,
          GKeyFile     *keys,
          const char   *file,
          const char   *key,
          GError      **error)
{
  g_autofree char          *place = g_strdup_printf ("%s: %s", file, key);
  g_autofree char          *seen = g_key_file_get_value (keys, GROUP, key, NULL);
  g_autofree char          *absolute = g_canonicalize_filename (file, NULL);
  g_autofree char          *folder = g_path_get_dirname (absolute);
  gssize                    i = find_option (key);
  const DuplexConfigOption *option;

  /* Its value may be a secret that somebody put into the wrong file. */
  if (i < 0)
    return fail (error, place, _ ("no such key"), NULL);
  option = &duplex_config_options[i];
  if (!read_value (keys, option, folder, &self->filed[i]))
    return fail (error, place,
                 option->kind == DUPLEX_CONFIG_KIND_FLAG ? _ ("must be true or false")
                                                         : _ ("is no text of a key file"),
                 seen);
  return check_value (option, place, &self->filed[i], error);
}

static gboolean
read_keys (DuplexConfig *self,
           GKeyFile     *keys,
           const char   *file,
           GError      **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  g_auto (GStrv) names = NULL;

  for (gsize i = 0; groups[i] != NULL; i++)
    if (!g_str_equal (groups[i], GROUP))
      return fail (error, file, _ ("no such group"), groups[i]);
  if (groups[0] == NULL)
    return TRUE;
  names = g_key_file_get_keys (keys, GROUP, NULL, error);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    if (!read_key (self, keys, file, names[i], error))
      return FALSE;
  return names != NULL;
}

/* Where --config names one. */
static gboolean
read_file (DuplexConfig *self,
           GError      **error)
{
  const char          *file = self->given[DUPLEX_CONFIG_CONFIG].text;
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autofree char     *data = NULL;
  gsize                len;

  if (file == NULL || self->given[DUPLEX_CONFIG_VERSION].flag)
    return TRUE;
  if (!g_file_get_contents (file, &data, &len, error))
    return FALSE;
  /* Else "rate[de]" would be overlooked. */
  if (!g_key_file_load_from_data (keys, data, len, G_KEY_FILE_KEEP_TRANSLATIONS, error))
    {
      g_prefix_error (error, "%s: ", file);
      return FALSE;
    }
  return check_repeated (file, data, error) && read_keys (self, keys, file, error);
}

/* ---- public ---- */

DuplexConfig *
duplex_config_new (char   **arguments,
                   GError **error)
{
  g_autoptr (DuplexConfig) self = g_new0 (DuplexConfig, 1);

  g_return_val_if_fail (arguments != NULL, NULL);

  if (!parse_arguments (self, arguments, error) || !read_file (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

DuplexConfig *
duplex_config_read_again (const DuplexConfig *self,
                          GError            **error)
{
  g_autoptr (DuplexConfig) again = g_new0 (DuplexConfig, 1);

  g_return_val_if_fail (self != NULL, NULL);

  for (gsize i = 0; i < DUPLEX_N_CONFIG; i++)
    {
      again->given[i].text = g_strdup (self->given[i].text);
      again->given[i].list = g_strdupv (self->given[i].list);
      again->given[i].flag = self->given[i].flag;
    }
  return read_file (again, error) ? g_steal_pointer (&again) : NULL;
}

static gboolean
is_said (const Value *value)
{
  return value->text != NULL || value->list != NULL || value->flag;
}

/* The source that counts. */
static const Value *
find_value (const DuplexConfig *self,
            DuplexConfigKey     key)
{
  return is_said (&self->given[key]) ? &self->given[key] : &self->filed[key];
}

gboolean
duplex_config_has (const DuplexConfig *self,
                   DuplexConfigKey     key)
{
  g_return_val_if_fail (self != NULL && key < DUPLEX_N_CONFIG, FALSE);

  return is_said (find_value (self, key));
}

char *
duplex_config_dup_place (const DuplexConfig *self,
                         DuplexConfigKey     key)
{
  g_return_val_if_fail (self != NULL && key < DUPLEX_N_CONFIG, NULL);

  if (is_said (&self->given[key]) || !is_said (&self->filed[key]))
    return g_strconcat ("--", duplex_config_options[key].name, NULL);
  return g_strdup_printf ("%s: %s", self->given[DUPLEX_CONFIG_CONFIG].text,
                          duplex_config_options[key].name);
}

const char *
duplex_config_get_name (DuplexConfigKey key)
{
  g_return_val_if_fail (key < DUPLEX_N_CONFIG, NULL);

  return duplex_config_options[key].name;
}

char *
duplex_config_dup_value (const DuplexConfig *self,
                         DuplexConfigKey     key)
{
  const Value *value;

  g_return_val_if_fail (self != NULL && key < DUPLEX_N_CONFIG, NULL);

  value = find_value (self, key);
  if (value->list != NULL)
    return g_strjoinv (";", value->list);
  return value->flag ? g_strdup ("true") : g_strdup (value->text);
}

const char *
duplex_config_get_text (const DuplexConfig *self,
                        DuplexConfigKey     key)
{
  const char *text;

  g_return_val_if_fail (self != NULL && key < DUPLEX_N_CONFIG, NULL);

  text = find_value (self, key)->text;
  return text != NULL ? text : duplex_config_options[key].standard;
}

const char *const *
duplex_config_get_list (const DuplexConfig *self,
                        DuplexConfigKey     key)
{
  g_return_val_if_fail (self != NULL && key < DUPLEX_N_CONFIG, NULL);

  return (const char *const *)find_value (self, key)->list;
}

gboolean
duplex_config_get_flag (const DuplexConfig *self,
                        DuplexConfigKey     key)
{
  g_return_val_if_fail (self != NULL && key < DUPLEX_N_CONFIG, FALSE);

  return find_value (self, key)->flag;
}

guint64
duplex_config_get_number (const DuplexConfig *self,
                          DuplexConfigKey     key)
{
  const char *text;

  g_return_val_if_fail (self != NULL && key < DUPLEX_N_CONFIG, 0);

  text = find_value (self, key)->text;
  if (text == NULL)
    return (guint64)duplex_config_options[key].number;
  return g_ascii_strtoull (text, NULL, 10);
}
