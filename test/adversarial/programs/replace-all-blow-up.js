// {"expect": ["threw", "terminated:memory", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 4000, "memoryMb": 64}}
exports = () => { let text = "ab"; for (;;) text = text.replaceAll(/./g, "$&$`$'") }
