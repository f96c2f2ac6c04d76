// A real OpenID provider on loopback that gives client credentials the tokens that Entra ID gives: JWT for the resource that the
// scope `<resource>/.default` names, with the roles that were granted. Usage: node provider.mjs <oidc-provider's index.js>.
// Reads one line of JSON, {"clients": [metadata], "roles": {client: [role]}}, and writes one line, its issuer, when it listens.

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { default: Provider, errors } = await import(pathToFileURL(process.argv[2]));
const [line] = await once(createInterface({ input: process.stdin }), 'line');
const { clients, roles } = JSON.parse(line);

const SUFFIX = '/.default';
const RESOURCES = ['https://outlook.office365.com', 'https://graph.microsoft.com'];
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

const configuration = {
  clients: clients.map((client) => ({
    grant_types: ['client_credentials'], redirect_uris: [], response_types: [], ...client,
  })),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'signing' }] },
  extraTokenClaims: (_ctx, token) => (roles[token.clientId]?.length ? { roles: roles[token.clientId] } : undefined),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx) => ctx.oidc.params.scope?.replace(SUFFIX, ''),
      getResourceServerInfo: (_ctx, resource) => {
        if (!RESOURCES.includes(resource)) throw new errors.InvalidTarget();
        return { scope: resource + SUFFIX, audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 3600 };
      },
    },
  },
};

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
server.on('request', new Provider(issuer, configuration).callback());
process.stdout.write(`${issuer}\n`);
