// {"expect": ["threw", "terminated:memory", "terminated:wall-time", "terminated:cpu-time"], "limits": {"wallMs": 4000, "memoryMb": 64}}
exports = () => { const kept = []; for (;;) kept.push("\ufdfa".repeat(2e6).normalize("NFKD").toLocaleUpperCase("tr").split("")) }
