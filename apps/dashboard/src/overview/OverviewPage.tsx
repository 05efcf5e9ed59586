import { AddRider } from './AddRider.tsx';
import { Next, Running, Waiting } from './Activity.tsx';
import { Events } from './Events.tsx';
import { Limits } from './Limits.tsx';
import { Problems } from './Problems.tsx';
import './overview.css';

export const OverviewPage = () => (
  <div className="overview">
    <AddRider />
    <Problems />
    <Limits />
    <Running />
    <Next />
    <Waiting />
    <Events />
  </div>
);
