// The triggers of an app: authentication, database, scheduled.
import { randomUUID } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { systemClock, type Value } from "../../kernel/index.ts"
import type { Trigger } from "../app/index.ts"
import type { AuthEvent, AuthEventSink } from "../users/index.ts"
import { openAuthQueue } from "./auth-queue.ts"
import { noteDisabled, openDatabaseTrigger } from "./database-trigger.ts"
import type { TriggerExecution, TriggerLog, Triggers, TriggersOptions } from "./ports.ts"
import { openSchedules } from "./schedules.ts"
import { defaultTriggerSettings } from "./settings.ts"
import { codeOf, keyOf, type Surroundings } from "./work.ts"

export type * from "./ports.ts"

/** Makes the triggers of one app. Nothing runs before `start`, but events are queued. */
export function createTriggers(options: TriggersOptions): Triggers {
  const { app, functions, state, storeFor, exclusive, log, clock = systemClock } = options
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  const settings = { ...defaultTriggerSettings, ...options.settings }
  const surroundings: Surroundings = { functions, log, clock, exclusive, running, settings, owner: randomUUID(), stopping: stopping.signal }

  const enabled = (type: Trigger["type"]): Trigger[] => app.triggers.filter((trigger) => trigger.type === type && !trigger.disabled && trigger.functionName !== undefined)
  const authentication = enabled("AUTHENTICATION")
  const queue = authentication.length === 0 ? undefined : openAuthQueue(state("trigger_events"), (key) => authentication.find((trigger) => keyOf(trigger) === key), surroundings)
  const progress = state("trigger_progress")
  const databases = enabled("DATABASE").map((trigger) => openDatabaseTrigger(trigger, storeFor(String(trigger.config["service_name"])), progress, surroundings))
  const scheduled = enabled("SCHEDULED")
  const schedules = scheduled.length === 0 ? undefined : openSchedules(scheduled, state("trigger_schedules"), surroundings)

  const sinkFor = (wanted: (operation: string) => boolean): AuthEventSink | undefined => {
    const asked = authentication.filter(({ config }) => textsOf(config["operation_types"]).some(wanted))
    if (queue === undefined || asked.length === 0) return undefined
    return async (event) => {
      const interested = asked.filter((trigger) => isInterested(trigger, event))
      if (interested.length > 0) await queue.put(event, interested)
    }
  }

  return {
    onEvent: sinkFor((operation) => operation !== "LOGOUT"),
    onLogOut: forgiving(sinkFor((operation) => operation === "LOGOUT"), log),
    async start() {
      const disabled = app.triggers.filter(({ type, disabled: isOff }) => type === "DATABASE" && isOff)
      await Promise.all([queue?.start(), schedules?.start(), ...databases.map((each) => each.start()), ...disabled.map((each) => noteDisabled(each, progress))])
      if (databases.length > 0) log.info("trigger-streams", { count: databases.length })
    },
    async close(graceMs = settings.graceMs) {
      if (stopping.signal.aborted) return
      stopping.abort()
      const ended = (async () => {
        while (running.size > 0) await Promise.all(running)
      })()
      const late = new AbortController()
      await Promise.race([ended, sleep(graceMs, undefined, { signal: late.signal }).catch(() => undefined)])
      late.abort()
      if (running.size > 0) log.warn("trigger-functions-still-running", { count: running.size })
    },
    async execution(name) {
      const found = databases.find(({ trigger }) => trigger.name === name)
      if (found !== undefined) return found.execution()
      return app.triggers.some((trigger) => trigger.name === name && trigger.type === "DATABASE") ? switchedOff : undefined
    },
    async resume(name, { fromNow = false } = {}) {
      await databases.find(({ trigger }) => trigger.name === name)?.resume(fromNow)
    },
  }
}

/** A log-out has happened, and cannot be taken back, when its event is to be queued. */
function forgiving(sink: AuthEventSink | undefined, log: TriggerLog): AuthEventSink | undefined {
  if (sink === undefined) return undefined
  return (event) => sink(event).catch((error: unknown) => log.warn("trigger-event-lost", { operation: event.operationType, error: codeOf(error) }))
}

const switchedOff: TriggerExecution = { state: "disabled", reason: undefined, lastEvent: undefined, heartbeat: undefined, clusterTime: undefined, token: undefined }

/** SOURCE: the operation is the trigger's, and one of the event's providers is in its list. */
function isInterested({ config }: Trigger, { operationType, providers }: AuthEvent): boolean {
  const wanted = textsOf(config["providers"])
  return textsOf(config["operation_types"]).includes(operationType) && providers.some((provider) => wanted.includes(provider))
}

function textsOf(value: Value): string[] {
  return Array.isArray(value) ? (value as readonly Value[]).filter((item) => typeof item === "string") : []
}
