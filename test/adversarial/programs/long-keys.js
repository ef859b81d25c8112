// {"expect": ["threw", "terminated:memory"], "limits": {"memoryMb": 128, "wallMs": 4000}}
exports = () => ({ ["k".repeat(2e7)]: { ["l".repeat(2e7)]: 1 } })
