import { createApi, followCommand, projectTime, readClock } from '@paceline/client';
import { describeCommand } from '@paceline/client/text';

const { PACELINE_URL: url = 'http://127.0.0.1:3000', PACELINE_TOKEN: token } = process.env;
const api = createApi({ url, token });
const { commandId } = await api.call('POST /v1/riders', { body: { riderId: Number(process.argv[2]) } });
const clock = await readClock(api);
for await (const command of followCommand(api, commandId))
  console.log(describeCommand(command, projectTime(clock)));
const { items } = await api.call('GET /v1/riders', { query: { sort: 'fetchedAt', order: 'desc', limit: 5 } });
for (const { name, rating } of items) console.log(`${name}: ${rating ?? 'no rating'}`);
