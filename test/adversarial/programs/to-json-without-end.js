// {"expect": ["terminated:cpu-time", "terminated:wall-time", "threw"], "limits": {"wallMs": 700, "memoryMb": 64}}
exports = () => { const evil = { toJSON: () => ({ a: evil, b: evil }) }; return JSON.stringify(evil) }
