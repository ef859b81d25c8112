// {"expect": ["returned"], "result": "[]", "needsServer": true, "limits": {"wallMs": 20000}}
exports = async (port) => {
  const open = []
  const hosts = ["127.0.0.1", "localhost", "localhost.", "LOCALHOST", "127.1", "127.0.0.2", "2130706433", "0x7f000001", "0177.0.0.1", "0", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "10.0.0.1", "192.168.0.1", "172.16.0.1", "100.100.100.200", "①②⑦.⓪.⓪.①", "127。0。0。1"]
  await Promise.all(hosts.map(async (host) => {
    for (const url of [`http://${host}:${port}/api/client/v2.0/app/x/location`, `http://a@${host}:${port}/`, `https://${host}:${port}/`]) {
      const outcome = await context.http.get({ url }).then((reply) => `answered ${reply.statusCode}`, (error) => (error.message.includes("ENOTFOUND") ? "RestrictedHost" : error.code))
      if (outcome !== "RestrictedHost") open.push(`${url} ${outcome}`)
    }
  }))
  for (const settings of [{ scheme: "http", host: "127.0.0.1", path: `:${port}/` }, { host: `127.0.0.1:${port}` }, { url: `http://127.0.0.1:${port}/`, authUrl: `http://127.0.0.1:${port}/` }]) {
    const outcome = await context.http.get(settings).then(() => "answered", (error) => error.code)
    if (outcome !== "RestrictedHost" && outcome !== "InvalidParameter") open.push(`${JSON.stringify(settings)} ${outcome}`)
  }
  return open
}
