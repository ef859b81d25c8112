// {"expect": ["threw", "returned", "terminated:memory", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 6000, "memoryMb": 96}}
exports = () => { const zlib = require("zlib"); let bytes = Buffer.alloc(1e6); for (let k = 0; k < 40; k++) bytes = Buffer.concat([bytes, zlib.gunzipSync(zlib.gzipSync(bytes))]); return bytes.length }
