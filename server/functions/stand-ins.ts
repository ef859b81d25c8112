// What stands in for Node's own modules in functions: packages of ours, bundled once in the life of this process.
import { createRequire } from "node:module"
import type { BuildOptions, Plugin } from "esbuild"
import { externalModules, standIns } from "./module-names.ts"

const requireHere = createRequire(import.meta.url)

/** How everything for functions is bundled. */
export const bundleOptions = {
  bundle: true, write: false, format: "cjs", platform: "node", target: "node24", logLevel: "silent", legalComments: "none", minifyWhitespace: true, sourcemap: false,
  outdir: "/out", conditions: ["node", "require", "default"], mainFields: ["main"], tsconfigRaw: {},
} satisfies BuildOptions

/** What a stand-in's own text requires. */
const dependencies: Readonly<Record<string, readonly string[]>> = {
  assert: ["util"], buffer: [], events: [], path: [], punycode: [], querystring: [], stream: ["events", "buffer", "util", "string_decoder"], string_decoder: ["buffer"], url: ["punycode", "querystring"], util: ["assert"], zlib: ["assert", "util", "stream", "events", "string_decoder"],
}

/** These names, `buffer`, and what they require of each other. */
export function withDependencies(names: readonly string[]): string[] {
  const all = new Set(["buffer"])
  const open = [...names]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (all.has(name) && name !== "buffer") continue
    all.add(name)
    open.push(...(dependencies[name] ?? []))
  }
  return [...all]
}

/** What Node has and a stand-in lacks, where packages look for it. */
const additions: Readonly<Record<string, string>> = {
  zlib: "\n;(z=>{z.constants??=Object.fromEntries(Object.keys(z).filter(n=>/^[A-Z][A-Z0-9_]+$/.test(n)).map(n=>[n,z[n]]))})(module.exports)",
  // In Node every stream is a `Stream`, and packages ask so.
  stream: `
;(S=>{for(const C of [S.Readable,S.Writable]){Object.setPrototypeOf(C.prototype,S.prototype);Object.setPrototypeOf(C,S)}
S.Stream=S;S.Readable.from=(source,options)=>{const it=typeof source==="string"||source instanceof Uint8Array?[source][Symbol.iterator]():source[Symbol.asyncIterator]?source[Symbol.asyncIterator]():source[Symbol.iterator]();let busy=false;
return new S.Readable({objectMode:true,...options,read(){if(busy)return;busy=true;(async()=>{try{for(;;){const{value,done}=await it.next();if(done){this.push(null);return}if(!this.push(await value)){busy=false;return}}}catch(error){this.destroy(error)}})()},destroy(error,done){Promise.resolve(it.return&&it.return()).then(()=>done(error),done)}})};
const promised=(f)=>(...args)=>new Promise((resolve,reject)=>f(...args,(error)=>error?reject(error):resolve()));S.promises={pipeline:promised(S.pipeline),finished:promised(S.finished)}})(module.exports)`,
  url: `
;(u=>{for(const n of ["URL","URLSearchParams"])Object.defineProperty(u,n,{get:()=>globalThis[n],enumerable:true,configurable:true});
u.fileURLToPath=(url)=>decodeURIComponent(new URL(String(url)).pathname);u.pathToFileURL=(path)=>new URL("file://"+encodeURI(path));u.domainToASCII=(name)=>{try{return new URL("http://"+name).hostname}catch{return""}};u.urlToHttpOptions=(url)=>({protocol:url.protocol,hostname:url.hostname,hash:url.hash,search:url.search,pathname:url.pathname,path:url.pathname+url.search,href:url.href,...(url.port===""?{}:{port:Number(url.port)}),...(url.username?{auth:decodeURIComponent(url.username)+":"+decodeURIComponent(url.password)}:{})})})(module.exports)`,
  // Letters for addresses, and views that are no `Buffer`.
  buffer: `
;(B=>{const base=(e)=>typeof e==="string"&&e.toLowerCase()==="base64url"?"base64":e;const {from,byteLength,isEncoding}=B;const {toString,write}=B.prototype;
B.from=(value,encoding,length)=>from(value,base(encoding),length);B.byteLength=(value,encoding)=>byteLength(value,base(encoding));B.isEncoding=(e)=>isEncoding(base(e));
B.prototype.toString=function(e,...range){const text=toString.call(this,base(e),...range);return base(e)===e?text:text.replace(/\\+/g,"-").replace(/\\//g,"_").replace(/=+$/,"")};
B.prototype.write=function(text,...rest){return write.call(this,text,...rest.map(base))};
B.prototype.equals=function(other){if(!(other instanceof Uint8Array))throw new TypeError("Argument must be a Buffer");return this===other||B.compare(this,other)===0}})(module.exports.Buffer)`,
  querystring: "\n;(q=>{q.escape??=encodeURIComponent;q.unescape??=(text)=>{try{return decodeURIComponent(text)}catch{return unescape(text)}}})(module.exports)",
  util: "\n;(u=>{u.isDeepStrictEqual??=(a,b)=>{try{require('assert').deepStrictEqual(a,b);return true}catch{return false}};u.formatWithOptions??=(_,...rest)=>u.format(...rest);Object.defineProperty(setTimeout,u.promisify.custom,{value:(delay,value)=>new Promise((resolve)=>setTimeout(resolve,delay,value)),configurable:true});Object.defineProperty(setImmediate,u.promisify.custom,{value:(value)=>new Promise((resolve)=>setImmediate(resolve,value)),configurable:true});for(const n of ['TextEncoder','TextDecoder'])if(!(n in u))Object.defineProperty(u,n,{get:()=>globalThis[n],enumerable:true,configurable:true});u.types={...u.types,isProxy:()=>false,isExternal:()=>false,isModuleNamespaceObject:()=>false}})(module.exports)",
}

const texts = new Map<string, string>()

/** The texts of these stand-ins. They are ours, so that no limit is put on their bundling. */
export async function bundleStandIns(names: readonly string[]): Promise<Record<string, string>> {
  const missing = names.filter((name) => !texts.has(name))
  if (missing.length > 0) {
    // Loaded when there is something to bundle: most apps start without.
    const { build } = await import("esbuild")
    const entryPoints = missing.map((name) => ({ in: requireHere.resolve(standIns[name] as string), out: name }))
    const external = externalModules.filter((each) => each !== "punycode")
    const result = await build({ ...bundleOptions, platform: "browser", mainFields: ["browser", "main"], define: { global: "globalThis" }, external: [...external], entryPoints, plugins: [ownPackagesFirst] })
    for (const file of result.outputFiles) {
      const name = file.path.replace(/^.*[\\/]out[\\/]/, "").replace(/\.js$/, "")
      texts.set(name, file.text + (additions[name] ?? ""))
    }
  }
  return Object.fromEntries(names.map((name) => [name, texts.get(name) ?? ""]))
}

/** A stand-in that requires `punycode` by its bare name means the one of the table. */
const ownPackagesFirst: Plugin = {
  name: "stand-ins",
  setup({ onResolve }) {
    onResolve({ filter: /^(punycode|buffer|events|util|assert|url|string_decoder)\/?$/ }, ({ path, kind }) => (kind === "entry-point" ? undefined : { path: path.replace(/\/$/, ""), external: true }))
  },
}
