// {"expect": ["returned"], "result": "[]", "needsServer": true}
exports = async (port) => {
  const open = []
  const ask = (make) => new Promise((done) => { try { const request = make(); request.on("response", () => done("answered")); request.on("error", (error) => done(error.code)); request.end() } catch (error) { done("threw") } })
  for (const name of ["http", "https"]) for (const host of ["127.0.0.1", "localhost", "::1"]) {
    const outcome = await ask(() => require(name).request({ host, port, path: "/", socketPath: "/var/run/docker.sock", lookup: (h, o, c) => c(null, "127.0.0.1", 4) }))
    if (outcome !== "EACCES") open.push(`${name} ${host} ${outcome}`)
  }
  for (const attempt of [() => require("net").connect(port, "127.0.0.1"), () => require("tls").connect(port), () => require("dgram").createSocket("udp4"), () => require("http2").connect("http://127.0.0.1")]) { try { attempt(); open.push(String(attempt)) } catch {} }
  for (const name of ["fetch", "WebSocket", "XMLHttpRequest", "EventSource"]) if (typeof globalThis[name] !== "undefined") open.push(name)
  return open
}
