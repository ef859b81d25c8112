// {"expect": ["returned"], "identity": "token-caller"}
exports = async () => { context.user.id = 'admin'; context.user.type = 'system'; context.runningAsSystem = () => true; await context.services.get('mongodb-atlas').db('a').collection('b').count(); return 1; }
