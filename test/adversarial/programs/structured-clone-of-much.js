// {"expect": ["terminated:memory", "terminated:cpu-time", "terminated:wall-time", "threw"], "limits": {"memoryMb": 64, "wallMs": 4000}}
exports = () => { let value = [1]; for (;;) value = structuredClone([value, value, { again: value }]) }
