// {"expect": ["terminated:cpu-time", "terminated:wall-time"], "limits": {"wallMs": 700}}
exports = () => structuredClone(new Proxy({}, { ownKeys() { for (;;); } }))
