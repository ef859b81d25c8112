// {"expect": ["returned", "threw", "terminated:memory", "terminated:wall-time"], "limits": {"memoryMb": 128, "wallMs": 6000}}
exports = () => Object.fromEntries(Array.from({ length: 3e5 }, (_, k) => [`__proto__${k}`, k]))
