// Modules of Node that functions do not have (SOURCE: specification of functions, 6.2), as packages see them. A package that
// requires one at its top and never uses it would not load otherwise; what does something throws when it is called. For the
// functions themselves these names stay unknown.
const refusing = (module: string, names: readonly string[]): string =>
  `for(const n of ${JSON.stringify(names)})exports[n]=function(){throw Object.assign(new Error("${module}."+n+" is not available in this server"),{code:"ENOTSUP"})};`

/** Name → CommonJS text. */
export const inertModules: Readonly<Record<string, string>> = {
  // A store is there for what runs at once; V8 has no hook for what runs later.
  async_hooks: `exports.AsyncResource=class AsyncResource{runInAsyncScope(f,t,...a){return f.apply(t,a)}emitDestroy(){return this}asyncId(){return 1}triggerAsyncId(){return 0}bind(f){return f}static bind(f){return f}};
exports.AsyncLocalStorage=class AsyncLocalStorage{run(s,f,...a){const b=this.s;this.s=s;try{return f(...a)}finally{this.s=b}}exit(f,...a){return this.run(undefined,f,...a)}getStore(){return this.s}enterWith(s){this.s=s}disable(){this.s=undefined}};
exports.executionAsyncId=()=>1;exports.triggerAsyncId=()=>0;exports.createHook=()=>({enable(){return this},disable(){return this}});`,
  child_process: refusing("child_process", ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"]),
  cluster: `exports.isMaster=exports.isPrimary=true;exports.isWorker=false;exports.workers={};${refusing("cluster", ["fork", "setupMaster", "setupPrimary"])}`,
  console: "module.exports=globalThis.console",
  diagnostics_channel: `class Channel{constructor(name){this.name=name;this.hasSubscribers=false}publish(){}subscribe(){}unsubscribe(){return false}}
exports.Channel=Channel;exports.channel=(name)=>new Channel(name);exports.hasSubscribers=()=>false;exports.subscribe=()=>{};exports.unsubscribe=()=>false;`,
  domain: `exports.active=null;${refusing("domain", ["create", "createDomain"])}`,
  inspector: `exports.url=()=>undefined;${refusing("inspector", ["open", "Session"])}`,
  module: `exports.builtinModules=[];exports._extensions={};exports._cache={};${refusing("module", ["createRequire", "_load", "_resolveFilename", "register"])}`,
  perf_hooks: `const began=Date.now();exports.performance={timeOrigin:began,now:()=>Date.now()-began,mark(){},measure(){},clearMarks(){},clearMeasures(){},getEntries:()=>[],getEntriesByName:()=>[],getEntriesByType:()=>[]};
exports.PerformanceObserver=class PerformanceObserver{observe(){}disconnect(){}};exports.constants={};${refusing("perf_hooks", ["monitorEventLoopDelay", "createHistogram"])}`,
  readline: refusing("readline", ["createInterface", "clearLine", "cursorTo", "moveCursor", "emitKeypressEvents"]),
  repl: refusing("repl", ["start"]),
  sys: 'module.exports=require("util")',
  trace_events: refusing("trace_events", ["createTracing"]),
  v8: refusing("v8", ["getHeapStatistics", "serialize", "deserialize", "setFlagsFromString", "writeHeapSnapshot"]),
  vm: `exports.isContext=()=>false;${refusing("vm", ["createContext", "runInContext", "runInNewContext", "runInThisContext", "compileFunction", "Script"])}`,
  wasi: refusing("wasi", ["WASI"]),
  worker_threads: `exports.isMainThread=true;exports.parentPort=null;exports.workerData=null;exports.threadId=0;${refusing("worker_threads", ["Worker", "MessageChannel", "BroadcastChannel"])}`,
}

/** Parts of Node's modules that packages require by a path: text in terms of the whole module. */
export const partModules: Readonly<Record<string, string>> = {
  "assert/strict": 'module.exports=require("assert").strict||require("assert")',
  "dns/promises": 'module.exports=require("dns").promises',
  "fs/promises": 'module.exports=require("fs").promises',
  "path/posix": 'module.exports=require("path").posix',
  "path/win32": 'module.exports=require("path").posix',
  "readline/promises": refusing("readline", ["createInterface"]),
  "stream/consumers": `const all=async(s)=>{const c=[];for await(const x of s)c.push(Buffer.from(x));return Buffer.concat(c)};
exports.buffer=all;exports.text=async(s)=>(await all(s)).toString();exports.json=async(s)=>JSON.parse(await exports.text(s));exports.arrayBuffer=async(s)=>{const b=await all(s);return b.buffer.slice(b.byteOffset,b.byteOffset+b.length)};`,
  "stream/promises": 'module.exports=require("stream").promises',
  "stream/web": refusing("stream/web", ["ReadableStream", "WritableStream", "TransformStream", "TextDecoderStream", "TextEncoderStream", "ByteLengthQueuingStrategy", "CountQueuingStrategy"]),
  "timers/promises": "exports.setTimeout=(ms,value)=>new Promise((done)=>setTimeout(done,ms,value));exports.setImmediate=(value)=>new Promise((done)=>setImmediate(done,value));",
  "util/types": 'module.exports=require("util").types',
}
