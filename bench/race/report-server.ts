import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { BatchReport, CommitReport, Report, WorkMessage } from './messages';

/** What a contestant's process has reported so far. */
export class WorkerReports {
  readonly batches: BatchReport[] = [];
  readonly commits: CommitReport[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly watchers = new Set<() => void>();

  get handled(): number {
    return total(this.batches);
  }

  get committed(): number {
    return total(this.commits);
  }

  tell(message: WorkMessage): void {
    for (const socket of this.sockets) socket.write(`${JSON.stringify(message)}\n`);
  }

  forget(): void {
    this.batches.length = 0;
    this.commits.length = 0;
  }

  /** Resolves as soon as `isDone`, asked after every report, says so. */
  async until(isDone: () => boolean, { timeoutMs, what }: { timeoutMs: number; what: string }): Promise<void> {
    if (isDone()) return;
    await new Promise<void>((resolve, reject) => {
      const watcher = (): void => {
        if (isDone()) end(resolve);
      };
      const late = setTimeout(() => end(() => reject(new Error(`no ${what} within ${timeoutMs} ms`))), timeoutMs);
      const end = (settle: () => void): void => {
        clearTimeout(late);
        this.watchers.delete(watcher);
        settle();
      };
      this.watchers.add(watcher);
    });
  }

  connect(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
  }

  take(report: Report): void {
    if (report.kind === 'batch') this.batches.push(report);
    if (report.kind === 'commit') this.commits.push(report);
    for (const watcher of [...this.watchers]) watcher();
  }
}

function total(reports: readonly { readonly records: number }[]): number {
  return reports.reduce((sum, { records }) => sum + records, 0);
}

/** Where all contestants report, by name of the worker. */
export class ReportServer {
  private readonly workers = new Map<string, WorkerReports>();
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async start(): Promise<ReportServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ReportServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  of(worker: string): WorkerReports {
    const known = this.workers.get(worker) ?? new WorkerReports();
    this.workers.set(worker, known);
    return known;
  }

  /** Contestants end when they lose their connection. */
  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private serve(socket: Socket): void {
    let reports: WorkerReports | undefined;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    createInterface({ input: socket }).on('line', (line) => {
      const report = JSON.parse(line) as Report;
      if (report.kind === 'hello') this.of(report.worker).connect(socket);
      if (report.kind === 'hello') reports = this.of(report.worker);
      else reports?.take(report);
    });
  }
}
