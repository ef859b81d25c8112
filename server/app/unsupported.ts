// Parts that are parsed for syntax, kept for export and not run: announced once, so that nobody is misled (app directory, 3.12).
import { isRecord, openFields } from "./fields.ts"
import { isMongoService } from "./data-sources.ts"
import { serviceType } from "./http-services.ts"
import type { Reading } from "./reading.ts"
import { archive, foldersBelow } from "./tree.ts"

/** Announces what the app has and this server does not do. What is switched off in the app loses nothing and is only noted. */
export function readUnsupported(reading: Reading): void {
  readSync(reading)
  readGraphql(reading)
  readHosting(reading)
  readDataApi(reading)
  readForwarders(reading)
  readThirdParties(reading)
  readPackages(reading)
  const root = reading.json(reading.rootFile)?.value
  if (isRecord(root) && isRecord(root["hosting"]) && root["hosting"]["enabled"] === true) reading.lose(reading.rootFile, "static hosting (`hosting`)")
}

function readSync(reading: Reading): void {
  for (const path of pathsBelow(reading, "sync")) {
    const place = reading.json(path)
    if (place === undefined) continue
    const fields = openFields(place, reading.report, undefined)
    const isOff = fields === undefined || Object.keys(place.value ?? {}).length === 0 || fields.text("state") === "disabled" || (!fields.has("state") && !fields.has("database_name") && !fields.has("type"))
    reading.lose(path, isOff ? "Device Sync (switched off in the app)" : "Device Sync", isOff ? "info" : "warning")
  }
}

function readGraphql(reading: Reading): void {
  const paths = pathsBelow(reading, "graphql")
  for (const path of paths) reading.json(path)
  const resolvers = paths.filter((path) => path.startsWith("graphql/custom_resolvers/"))
  if (resolvers.length > 0) reading.lose("graphql", `GraphQL requests are not answered, ${resolvers.length} custom resolver${resolvers.length === 1 ? "" : "s"} included`)
  // Every export has `graphql/config.json`, also of apps that never answered a GraphQL request.
  else if (paths.length > 0) reading.lose("graphql", "GraphQL requests are not answered", "info")
}

function readHosting(reading: Reading): void {
  const paths = pathsBelow(reading, "hosting")
  if (paths.length === 0) return
  for (const path of paths) reading.notice(path)
  const config = reading.open("hosting/config.json", undefined)
  reading.lose("hosting", "static hosting", config?.flag("enabled") === true ? "warning" : "info")
}

function readDataApi(reading: Reading): void {
  for (const path of ["https_endpoints/data_api_config.json", "http_endpoints/data_api_config.json", "data_api_config.json"]) {
    const place = reading.json(path)
    if (place === undefined) continue
    const fields = openFields(place, reading.report, undefined)
    const isOff = fields === undefined || fields.flag("disabled") === true || Object.keys(place.value ?? {}).length === 0
    reading.lose(path, isOff ? "the generated Data API (switched off in the app)" : "the generated Data API", isOff ? "info" : "warning")
  }
}

function readForwarders(reading: Reading): void {
  for (const path of pathsBelow(reading, "log_forwarders")) {
    const off = reading.open(path, undefined)?.flag("disabled") === true
    reading.lose(path, "log forwarding", off ? "info" : "warning")
  }
}

/** Services that are neither MongoDB nor plain HTTP. */
function readThirdParties(reading: Reading): void {
  for (const parent of ["services", "http_endpoints"]) {
    for (const folder of foldersBelow(reading.tree, parent)) {
      if (parent === "services" && isMongoService(reading, folder)) continue
      const path = `${parent}/${folder}`
      for (const each of pathsBelow(reading, path)) reading.json(each)
      const fields = reading.open(`${path}/config.json`, undefined)
      const type = serviceType(fields, parent) ?? "unknown"
      if (type !== "http") reading.lose(path, `calls of the third-party service of type \`${type}\``)
    }
  }
}

/** Packages are taken from `functions/node_modules` or an archive of it; what stands beside the sources in another form is announced. */
function readPackages(reading: Reading): void {
  for (const path of ["functions/package.json", "functions/package-lock.json"]) reading.json(path, () => true)
  for (const path of reading.tree.files.keys()) {
    if (archive.test(path)) reading.notice(path)
    else if (/^functions\/.*(?<!\.d)\.ts$/.test(path)) reading.lose(path, "TypeScript sources are not functions; compile them to `.js`")
  }
}

function pathsBelow(reading: Reading, folder: string): readonly string[] {
  return [...reading.tree.files.keys()].filter((path) => path.startsWith(`${folder}/`) && path.endsWith(".json"))
}
