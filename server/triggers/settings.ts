import type { TriggerSettings } from "./ports.ts"

export const defaultTriggerSettings: TriggerSettings = {
  concurrency: 100, maximumConcurrency: 1000, leaseMs: 30_000, pollMs: 5000, heartbeatMs: 10_000, tickMs: 1000, pauseMs: [1000, 60_000], suspendAfterMs: 600_000, graceMs: 10_000,
}
