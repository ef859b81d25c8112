// Legacy HTTP services as functions call them: `services/<name>/` (`http_endpoints/<name>/` before 20230101) with rules of their own.
import { optionalText, type Fields } from "./fields.ts"
import type { HttpService, HttpServiceRule } from "./model.ts"
import type { Reading } from "./reading.ts"
import { foldersBelow, namesBelow } from "./tree.ts"

/** Reads the HTTP services, by name. */
export function readHttpServices(reading: Reading): ReadonlyMap<string, HttpService> {
  const services = new Map<string, HttpService>()
  for (const parent of ["services", "http_endpoints"]) {
    for (const folder of foldersBelow(reading.tree, parent)) {
      const directory = `${parent}/${folder}`
      if (!reading.tree.files.has(`${directory}/config.json`)) continue
      const fields = reading.open(`${directory}/config.json`, undefined)
      if (fields === undefined || serviceType(fields, parent) !== "http") continue
      const name = optionalText(fields, "name") ?? folder
      const rules = namesBelow(reading.tree, `${directory}/rules`).filter((each) => each.endsWith(".json")).flatMap((file) => readRule(reading, `${directory}/rules/${file}`) ?? [])
      services.set(name, { name, rules })
    }
  }
  return services
}

/** The type of a service; in `http_endpoints/` there are none but HTTP services, unless they say otherwise. */
export function serviceType(fields: Fields | undefined, parent: string): string | undefined {
  return (fields === undefined ? undefined : optionalText(fields, "type")) ?? (parent === "http_endpoints" ? "http" : undefined)
}

function readRule(reading: Reading, file: string): HttpServiceRule | undefined {
  const fields = reading.open(file, ["id", "name", "actions", "when", "last_modified"])
  if (fields === undefined) return undefined
  const when = fields.any("when")
  return {
    name: optionalText(fields, "name") ?? file,
    actions: fields.texts("actions"),
    when: when === undefined ? { file, raw: {} } : { file, raw: when.value, pointer: when.pointer },
  }
}
