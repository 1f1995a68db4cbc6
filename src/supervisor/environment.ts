// What of the daemon's environment a supervised process gets: what any program needs to run where it is, and nothing
// that was meant for the daemon, such as the key of encrypted values. Everything else is written in the configuration.

/** Names that are passed on; LC_ALL, LC_TIME and the like too. */
const NAMES = new Set(
  'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR XDG_RUNTIME_DIR'.split(' '),
);
const LOCALE = /^LC_[A-Z]+$/;

/** The part of an environment that is passed on. */
export function inherited(from: NodeJS.ProcessEnv): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined && (NAMES.has(name) || LOCALE.test(name))) passed[name] = value;
  }
  return passed;
}
