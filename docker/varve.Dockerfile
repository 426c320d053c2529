# varve: all four services in one process. Built from the top of the repository: docker build -f docker/varve.Dockerfile .
FROM node:26-bookworm-slim
WORKDIR /opt/varve
COPY . .
# The image's own Node runs the sources as they are. The npm package `node` brings its binary by an install script: none runs
# here, and none is needed, as better-sqlite3 has its binaries in the package.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund && npm cache clean --force \
 && install -d -o node -g node /var/lib/varve
USER node
ENV NODE_ENV=production \
    VARVE_DATA_DIR=/var/lib/varve \
    VARVE_HTTP_BIND_ADDRESS=:8086 \
    VARVE_LOGGING_FORMAT=json
VOLUME /var/lib/varve
EXPOSE 8086
HEALTHCHECK --interval=5s --timeout=2s --start-period=10s CMD ["node", "-e", "fetch('http://127.0.0.1:8086/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# A small young generation: tools/cluster/src/plan.ts says why.
ENTRYPOINT ["node", "--max-semi-space-size=4", "--v8-pool-size=1", "apps/varve/src/main.ts"]
