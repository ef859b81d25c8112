// {"expect": ["returned"], "result": "[]", "needsServer": true}
exports = async () => {
  const open = []
  for (const url of ["file:///etc/passwd", "file://localhost/etc/passwd", "FILE:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/plain,x", "unix:/var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/info", "javascript:1", "blob:x", "//127.0.0.1/", "http:127.0.0.1", "http://"]) {
    for (const scheme of [undefined, "file"]) {
      const outcome = await context.http.get(scheme === undefined ? { url } : { scheme, host: "localhost", path: "/etc/passwd" }).then(() => "answered", (error) => error.code)
      if (!["InvalidParameter", "HTTPError", "RestrictedHost"].includes(outcome)) open.push(`${url} ${outcome}`)
    }
  }
  return open
}
