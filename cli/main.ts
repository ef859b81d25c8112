#!/usr/bin/env node
// Starts the command line with V8's code cache on: half of a cold start is compiling what was compiled before.
import { enableCompileCache } from "node:module"
import { join } from "node:path"

// SECURITY: code caches are machine code; this one is beside the code itself, writable by whoever may change that anyway.
enableCompileCache(join(import.meta.dirname, "../node_modules/.cache/backstitch"))
await import("./program.ts")
