// {"expect": ["threw", "terminated:memory", "terminated:wall-time"], "limits": {"memoryMb": 256, "wallMs": 4000}}
exports = () => Promise.any(Array.from({ length: 2e5 }, () => Promise.reject(new Error("x".repeat(100)))))
