// {"expect": ["terminated:cpu-time", "terminated:wall-time", "threw", "terminated:memory"], "limits": {"wallMs": 700, "memoryMb": 64}}
exports = () => { const evil = { toBSON: () => ({ a: [evil, evil], b: "x".repeat(1000) }) }; return evil }
