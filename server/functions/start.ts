// What the guest is told at the start of a call. SOURCE: specification of functions, 3.
import { toEjson, type Document, type Json, type Value } from "../../kernel/index.ts"
import type { CallLimits, GuestStart } from "../../runtime/index.ts"
import type { AppModel, AppValue } from "../app/index.ts"
import type { DataService } from "../data/index.ts"

/** The parts of a start that are the same for every call of a deployed app. */
export interface FixedStart {
  readonly app: Json
  readonly environment: Json
  readonly values: GuestStart["values"]
  readonly services: readonly string[]
  readonly httpServices: readonly string[]
}

/** Makes the fixed parts once. */
export function fixedStart(app: AppModel, services: readonly string[], resolveValue: (value: AppValue) => Value, hostingUri: string, deployedAt: Date): FixedStart {
  return {
    app: {
      id: app.appId ?? "", clientAppId: app.clientAppId, name: app.name, projectId: app.projectId ?? "",
      deployment: { model: app.deploymentModel, providerRegion: app.providerRegion }, lastDeployed: deployedAt.toISOString(), hostingUri,
    },
    environment: toEjson({ tag: app.environment.tag, values: app.environment.values }),
    values: Object.fromEntries([...app.values.values()].flatMap((each): [string, Json][] => {
      const value = resolveValue(each)
      return value === undefined ? [] : [[each.name, toEjson(value)]]
    })),
    services, httpServices: [...app.httpServices.keys()],
  }
}

/** The lists of names of every service, read before the call because functions get them at once. */
export async function readNames(data: DataService): Promise<NonNullable<GuestStart["names"]>> {
  const system = { system: true, user: {}, request: {} } satisfies { system: boolean; user: Document; request: Document }
  const services = await Promise.all(data.services.map(async (service) => {
    const databases = await data.listDatabases(service, system)
    const lists = await Promise.all(databases.map(async (database) => [database, await data.listCollections(service, database, system)] as const))
    return [service, Object.fromEntries(lists)] as const
  }))
  return Object.fromEntries(services)
}

/** The limits the guest itself keeps. */
export function guestLimits(limits: CallLimits): GuestStart["limits"] {
  return { executeDepth: limits.executeDepth, executions: limits.executions, outstanding: limits.outstandingOperations, resultBytes: limits.resultBytes }
}
