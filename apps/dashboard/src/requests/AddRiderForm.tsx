import { api } from '../api/client.ts';
import { Button } from '../parts/elements.tsx';
import { useField } from './field.tsx';
import { parseRiderId } from './layout.ts';
import './requests.css';

export function AddRiderForm() {
  const { form, field, button, messageOf } = useField(
    'rider-id',
    (typed) => (typed.trim() === '' ? undefined : parseRiderId(typed)),
    (riderId, headers) => api.call('POST /v1/riders', { body: { riderId: riderId as number }, headers }),
  );
  return (
    <form {...form}>
      <label htmlFor="rider-id">Rider id</label>
      <input {...field} inputMode="numeric" placeholder="4500001" />
      <Button {...button}>Add rider</Button>
      {messageOf('The rider’s Zwift id.')}
    </form>
  );
}
