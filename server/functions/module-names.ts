// Names of modules that functions may require without having installed them. SOURCE: specification of functions, 6.2.

/** Node's module → the package that stands in for it. They are bundled on their own and require each other by Node's name. */
export const standIns: Readonly<Record<string, string>> = {
  assert: "assert/", buffer: "buffer/", events: "events/", path: "path-browserify", punycode: "punycode/", querystring: "querystring-es3",
  stream: "stream-browserify", string_decoder: "string_decoder/", url: "url/", util: "util/", zlib: "browserify-zlib",
}

/** Modules the guest brings itself. */
export const guestModules: readonly string[] = ["constants", "crypto", "dgram", "dns", "fs", "http", "http2", "https", "net", "os", "process", "timers", "tls", "tty"]

/** Node's own names that no function finds; a package that mentions one in a branch it does not take still loads. */
export const absentModules: readonly string[] = [
  "async_hooks", "child_process", "cluster", "console", "diagnostics_channel", "domain", "inspector", "module", "perf_hooks", "readline", "repl", "sys", "trace_events", "v8", "vm", "wasi", "worker_threads",
]

/** Names that stay `require` calls in a bundle. */
export const externalModules: readonly string[] = [...Object.keys(standIns), ...guestModules, ...absentModules].flatMap((name) => [name, `node:${name}`, `${name}/promises`, `node:${name}/promises`])
