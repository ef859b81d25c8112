// {"expect": ["threw"]}
exports = () => context.functions.execute('main')
