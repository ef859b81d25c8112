// {"expect": ["threw", "returned", "terminated:memory", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 4000, "memoryMb": 64}}
exports = () => { const buffers = []; for (;;) buffers.push(Buffer.alloc(1e6, 7), new Uint8Array(1e6).fill(1), new DataView(new ArrayBuffer(1e6))) }
