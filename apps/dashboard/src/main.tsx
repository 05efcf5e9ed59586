import { showTimesIn } from '@paceline/client/text';
import { QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/reads.ts';
import { App } from './app/App.tsx';
import { viewerZone } from './parts/zone.ts';
import '@paceline/client/colors.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/tables.css';
import './app/app.css';

showTimesIn(viewerZone);

const root = document.getElementById('app');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <App />
      </QueryClientProvider>
    </StrictMode>,
  );
}
