FROM node:24-bookworm-slim AS build
WORKDIR /millrace
COPY . .
RUN npm ci --loglevel=error && npm run -s build && npm prune --omit=dev --omit=optional --loglevel=error

FROM node:24-bookworm-slim
WORKDIR /millrace
ENV NODE_ENV=production
COPY --from=build /millrace /millrace
USER node
CMD ["node", "apps/worker/dist/main.js"]
