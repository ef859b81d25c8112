// {"expect": ["threw", "returned"]}
exports = () => (0, eval)('['.repeat(2e5) + ']'.repeat(2e5)).length
