// Which addresses functions may not reach. SECURITY: checked on what a name resolved to, for the connection that is made.
import { BlockList, isIP } from "node:net"

// Two lists: one list of both kinds would take every IPv4 address for one mapped into IPv6.
const closed4 = new BlockList()
const closed6 = new BlockList()
for (const [network, prefix] of [
  ["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12], ["192.0.0.0", 24], ["192.0.2.0", 24],
  ["192.88.99.0", 24], ["192.168.0.0", 16], ["198.18.0.0", 15], ["198.51.100.0", 24], ["203.0.113.0", 24], ["224.0.0.0", 4], ["240.0.0.0", 4],
] as const) closed4.addSubnet(network, prefix, "ipv4")
for (const [network, prefix] of [
  // Unspecified, loopback, mapped and translated IPv4, discard, Teredo and other protocols, documentation, 6to4, unique local, link and site local, multicast.
  ["::", 128], ["::1", 128], ["::", 96], ["::ffff:0:0", 96], ["::ffff:0:0:0", 96], ["64:ff9b::", 96], ["64:ff9b:1::", 48], ["100::", 64], ["2001::", 23], ["2001:db8::", 32],
  ["2002::", 16], ["3fff::", 20], ["5f00::", 16], ["fc00::", 7], ["fe80::", 10], ["fec0::", 10], ["ff00::", 8],
] as const) closed6.addSubnet(network, prefix, "ipv6")

/** Whether an address is loopback, private, link-local, metadata, or otherwise not of the public internet. */
export function isClosedAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, "")
  const family = isIP(plain)
  return family === 4 ? closed4.check(plain, "ipv4") : family === 6 ? closed6.check(plain, "ipv6") : true
}

/** A list of `name` or `name:port` that is open although its addresses are closed. */
export function isOpenHost(url: URL, openHosts: readonly string[]): boolean {
  const name = hostName(url)
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port
  return openHosts.some((each) => {
    const open = each.toLowerCase()
    return open === name || open === `${name}:${port}` || open === `[${name}]:${port}`
  })
}

/** The host of an address without the brackets of IPv6. */
export function hostName(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase()
}
