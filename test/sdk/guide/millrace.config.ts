import { defineConfig } from '@millrace/sdk/config';

const { SHOP_HOST = '127.0.0.1', SHOP_PORT = '5432', SHOP_USER = 'millrace' } = process.env;
const { SHOP_DATABASE = 'shop', WAREHOUSE = 'warehouse' } = process.env;
const server = { host: SHOP_HOST, port: Number(SHOP_PORT), user: SHOP_USER, password: '${env:SHOP_PASSWORD}' };

export default defineConfig({
  sources: { shop: { type: 'postgres', config: { ...server, database: SHOP_DATABASE } } },
  sinks: { warehouse: { type: 'jdbc', config: { ...server, database: WAREHOUSE } } },
});
